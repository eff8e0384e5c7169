# fish completion for mq; printed by: mq completion fish

function __mq_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l candidates ($words[1] __complete -- $words[2..-1] 2>/dev/null)
  if test "$candidates[1]" = ":files"
    __fish_complete_path (commandline -ct)
  else
    string join \n -- $candidates
  end
end
complete -c mq -f -a '(__mq_complete)'
