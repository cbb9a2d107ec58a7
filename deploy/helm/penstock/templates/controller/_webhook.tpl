{{/* Whether somebody else renews the webhooks' certificate. */}}
{{- define "penstock.foreignCertificate" -}}
{{- if ne .Values.controller.webhook.certificates.source "own" }}yes{{ end -}}
{{- end -}}

{{/* Annotations by which cert-manager tells the API server whom to trust. */}}
{{- define "penstock.trust" -}}
{{- if eq .Values.controller.webhook.certificates.source "cert-manager" -}}
cert-manager.io/inject-ca-from: {{ .Release.Namespace }}/penstock-webhook
{{- else -}}
{}
{{- end -}}
{{- end -}}

{{/* Whom the API server trusts, where the values say it. */}}
{{- define "penstock.caBundle" -}}
{{- with .Values.controller.webhook.certificates }}{{ if eq .source "secret" }}{{ .caBundle }}{{ end }}{{ end -}}
{{- end -}}
