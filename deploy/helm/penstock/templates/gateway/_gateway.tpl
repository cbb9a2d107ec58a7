{{/* The namespaces whose pods a gateway watches, as a list under "all". */}}
{{- define "penstock.gateway.namespaces" -}}
{{- $gateway := .Values.gateway -}}
{{- $usual := $gateway.config | empty | ternary (include "penstock.namespaceOf" $gateway.pool) .Release.Namespace -}}
all: {{ $gateway.namespaces | default (list $usual) | toJson }}
{{- end -}}

{{/* What clients speak to it: https where its configuration has a certificate. */}}
{{- define "penstock.gateway.scheme" -}}
{{ .Values.gateway.config.tls | empty | ternary "http" "https" }}
{{- end -}}
