{{/* Whether the pickers elect a leader, which alone is ready then: one by itself need not. */}}
{{- define "penstock.picker.elected" -}}
{{- if and .Values.picker.leaderElection (gt (int .Values.picker.replicas) 1) }}yes{{ end -}}
{{- end -}}
