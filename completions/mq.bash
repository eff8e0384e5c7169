# bash completion for mq; printed by: mq completion bash

_mq() {
  local line
  COMPREPLY=()
  # mq takes the line apart and quotes what it offers; a program called by ~ is meant to be expanded.
  while IFS= read -r line; do
    if [[ $line == ":files" ]]; then
      compopt -o default 2>/dev/null
      return
    fi
    COMPREPLY+=("$line")
  done < <("${COMP_WORDS[0]/#\~/$HOME}" __complete --line="${COMP_LINE:0:COMP_POINT}" \
    --word="${COMP_WORDS[COMP_CWORD]}" 2>/dev/null)
}
complete -F _mq mq
