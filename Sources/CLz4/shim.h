// LZ4 frames, as Apache writes compressed bodies. The library is linked in.

#include <lz4frame.h>
