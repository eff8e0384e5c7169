// zlib, for bodies that are compressed with DEFLATE. The library is linked in.

#include <zlib.h>
