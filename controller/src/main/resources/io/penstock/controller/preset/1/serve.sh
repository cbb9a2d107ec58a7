{{ script "engine" . }}
{{- if .Parallelism.Pipeline }}
flags+=(--pipeline-parallel-size {{ .Parallelism.Pipeline }})
{{- end }}
{{- if .Parallelism.Data }}
flags+=(--data-parallel-size {{ .Parallelism.Data }})
{{- end }}
exec vllm serve {{ shell $.GlobalConfig.ModelSource }} "${flags[@]}" "$@"
