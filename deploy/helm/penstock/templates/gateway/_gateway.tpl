{{/* The namespaces whose pods a gateway watches, as a list under "all". */}}
{{- define "penstock.gateway.namespaces" -}}
{{- $gateway := .Values.gateway -}}
{{- $usual := $gateway.config | empty | ternary (include "penstock.namespaceOf" $gateway.pool) .Release.Namespace -}}
all: {{ $gateway.namespaces | default (list $usual) | toJson }}
{{- end -}}
