{{ script "engine" . }}
{{ script "leader" . }}
local_size={{ if .Parallelism.DataLocal }}{{ .Parallelism.DataLocal }}{{ else }}1{{ end }}
flags+=(
  --data-parallel-size {{ .Parallelism.Data }}
  --data-parallel-size-local "$local_size"
  --data-parallel-address "$leader"
  --data-parallel-rpc-port {{ if .Parallelism.DataRPCPort }}{{ .Parallelism.DataRPCPort }}{{ else }}5555{{ end }}
  --data-parallel-start-rank "$((rank * local_size))"
)
if [ "$rank" -eq 0 ]; then
  flags+=(--api-server-count "${VLLM_API_SERVER_COUNT:-8}")
else
  flags+=(--headless)
fi
exec vllm serve {{ shell $.GlobalConfig.ModelSource }} "${flags[@]}" "$@"
