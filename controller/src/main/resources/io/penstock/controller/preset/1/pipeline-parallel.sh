{{ script "engine" . }}
{{ script "leader" . }}
flags+=(
  --pipeline-parallel-size {{ .Parallelism.Pipeline }}
  --nnodes "${LWS_GROUP_SIZE:-{{ .Parallelism.Pipeline }}}"
  --node-rank "$rank"
  --master-addr "$leader"
)
if [ "$rank" -ne 0 ]; then
  flags+=(--headless)
fi
exec vllm serve {{ shell $.GlobalConfig.ModelSource }} "${flags[@]}" "$@"
