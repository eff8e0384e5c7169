// Zstandard, for bodies that are compressed with it. The library is linked in.

#include <zstd.h>
