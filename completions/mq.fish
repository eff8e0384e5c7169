# fish completion for mq; printed by: mq completion fish

function __mq_complete
  set -l words (commandline -opc)
  set -l typed (commandline -ct)
  # What has an open quote cannot be unescaped as a whole.
  set -l current (string unescape -- $typed; or string replace -r '^["\']' '' -- $typed)
  set -l candidates ($words[1] __complete -- $words[2..-1] "$current" 2>/dev/null)
  if test "$candidates[1]" = ":files"
    __fish_complete_path (commandline -ct)
  else
    string join \n -- $candidates
  end
end
complete -c mq -f -a '(__mq_complete)'
