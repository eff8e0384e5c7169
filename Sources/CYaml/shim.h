// libyaml, for the files that `apply` reads: YAML, and JSON as a part of it. The library is linked in.

#include <yaml.h>
