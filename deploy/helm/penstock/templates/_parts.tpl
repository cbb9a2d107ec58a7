{{/* The image, as pods name it. */}}
{{- define "penstock.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The image of this release, which the controller gives its children unless it is told another. */}}
{{- define "penstock.releaseImage" -}}
ghcr.io/penstock-project/penstock:{{ .Chart.AppVersion }}
{{- end -}}

{{/* Labels of every object. Call with (dict "root" $ "name" NAME). */}}
{{- define "penstock.labels" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* Labels by which the controller's pods are found: there is one controller in a cluster. */}}
{{- define "penstock.controller.selector" -}}
app.kubernetes.io/name: penstock-controller
{{- end -}}

{{/* The same of a gateway or picker. Call with (dict "root" $ "name" NAME). */}}
{{- define "penstock.selector" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end -}}

{{/* Fields of a pod that say where it runs. Call with (dict "root" $ "pod" .Values.….pod "selector" YAML). */}}
{{- define "penstock.scheduling" -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- .selector | nindent 8 }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .pod.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .pod.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .pod.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .pod.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{/* What every pod may not do. */}}
{{- define "penstock.podSecurity" -}}
securityContext:
  runAsNonRoot: true
  seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{/* What every container may not do. */}}
{{- define "penstock.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end -}}

{{/* Who and where a process is. Call with .Values.….pod. */}}
{{- define "penstock.env" -}}
- {name: NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
- {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
{{- with .javaOptions }}
- {name: JAVA_OPTS, value: {{ . | quote }}}
{{- end }}
{{- with .env }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* A NetworkPolicy's rule for asking the API server. Call with .Values.….networkPolicy. */}}
{{- define "penstock.toApiServer" -}}
- ports:
    {{- range .apiServerPorts }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
{{- end -}}

{{/* A NetworkPolicy's rules of whoever watches pods and calls them: names, the API server, pods. */}}
{{- define "penstock.toPods" -}}
- ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
    - {protocol: UDP, port: 5353}
    - {protocol: TCP, port: 5353}
{{ include "penstock.toApiServer" .network }}
- to:
    {{- range .namespaces }}
    - podSelector: {}
      namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: {{ . }}}}
    {{- end }}
{{- end -}}

{{/* Flags by which replicas tell each other what they send. Call with (dict "redis" .Values.….redis "prefix" FLAGS). */}}
{{- define "penstock.redis.flags" -}}
{{- if .redis.url }}
- {{ .prefix }}redis={{ .redis.url }}
{{- if .redis.secretName }}
- {{ .prefix }}password-file=/etc/penstock/redis/password
{{- if hasPrefix "rediss:" .redis.url }}
- {{ .prefix }}ca=/etc/penstock/redis/ca.crt
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* A NetworkPolicy's rule for reaching that Redis. Call with .Values.….redis. */}}
{{- define "penstock.toRedis" -}}
- ports:
    - {protocol: TCP, port: {{ regexFind ":[0-9]+$" .url | trimPrefix ":" | default "6379" }}}
{{- end -}}

{{/* The namespace of NAMESPACE/NAME. */}}
{{- define "penstock.namespaceOf" -}}
{{ splitList "/" . | first }}
{{- end -}}
