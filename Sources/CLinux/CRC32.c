// CRC-32 (IEEE 802.3, reflected polynomial 0xEDB88320).
//
// Folding follows Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ" (Intel, 2009):
// four 128-bit lanes are folded 64 bytes at a time, then into one lane, then reduced after Barrett. The
// constants are x^n mod P for the distances of the folds, in reflected form.

#include "CLinux.h"

#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

static uint32_t table[8][256];
static int folds;

// Runs before main, so that no call has to ask whether the table is there.
__attribute__((constructor)) static void fill_table(void) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1)));
    table[0][byte] = crc;
  }
  for (uint32_t byte = 0; byte < 256; byte++) {
    for (int step = 1; step < 8; step++) {
      uint32_t before = table[step - 1][byte];
      table[step][byte] = (before >> 8) ^ table[0][before & 0xFF];
    }
  }
#if defined(__x86_64__)
  __builtin_cpu_init();
  folds = __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
#endif
}

static uint32_t by_table(uint32_t crc, const unsigned char *at, size_t count) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  for (; count >= 8; at += 8, count -= 8) {
    uint64_t word;
    memcpy(&word, at, 8);
    word ^= crc;
    crc = table[7][word & 0xFF] ^ table[6][(word >> 8) & 0xFF] ^ table[5][(word >> 16) & 0xFF] ^
          table[4][(word >> 24) & 0xFF] ^ table[3][(word >> 32) & 0xFF] ^ table[2][(word >> 40) & 0xFF] ^
          table[1][(word >> 48) & 0xFF] ^ table[0][word >> 56];
  }
#endif
  for (; count > 0; at++, count--) crc = (crc >> 8) ^ table[0][(crc ^ *at) & 0xFF];
  return crc;
}

#if defined(__x86_64__)
#define FOLDING __attribute__((target("pclmul,sse4.1")))

FOLDING static inline __m128i fold(__m128i lane, __m128i next, __m128i distance) {
  __m128i low = _mm_clmulepi64_si128(lane, distance, 0x00);
  __m128i high = _mm_clmulepi64_si128(lane, distance, 0x11);
  return _mm_xor_si128(_mm_xor_si128(high, low), next);
}

FOLDING static inline __m128i load(const unsigned char *at) { return _mm_loadu_si128((const __m128i *)at); }

/// `count` is at least 64 and a multiple of 16.
FOLDING static uint32_t by_folding(uint32_t crc, const unsigned char *at, size_t count) {
  const __m128i by64 = _mm_set_epi64x(0x01c6e41596, 0x0154442bd4);
  const __m128i by16 = _mm_set_epi64x(0x00ccaa009e, 0x01751997d0);
  const __m128i by8 = _mm_set_epi64x(0, 0x0163cd6124);
  const __m128i barrett = _mm_set_epi64x(0x01f7011641, 0x01db710641);
  const __m128i low32 = _mm_setr_epi32(-1, 0, -1, 0);

  __m128i a = _mm_xor_si128(load(at), _mm_cvtsi32_si128((int)crc));
  __m128i b = load(at + 16), c = load(at + 32), d = load(at + 48);
  for (at += 64, count -= 64; count >= 64; at += 64, count -= 64) {
    a = fold(a, load(at), by64);
    b = fold(b, load(at + 16), by64);
    c = fold(c, load(at + 32), by64);
    d = fold(d, load(at + 48), by64);
  }
  a = fold(a, b, by16);
  a = fold(a, c, by16);
  a = fold(a, d, by16);
  for (; count >= 16; at += 16, count -= 16) a = fold(a, load(at), by16);

  // 128 bits to 64, to 32.
  a = _mm_xor_si128(_mm_srli_si128(a, 8), _mm_clmulepi64_si128(a, by16, 0x10));
  a = _mm_xor_si128(_mm_srli_si128(a, 4), _mm_clmulepi64_si128(_mm_and_si128(a, low32), by8, 0x00));
  __m128i quotient = _mm_clmulepi64_si128(_mm_and_si128(a, low32), barrett, 0x10);
  quotient = _mm_clmulepi64_si128(_mm_and_si128(quotient, low32), barrett, 0x00);
  return (uint32_t)_mm_extract_epi32(_mm_xor_si128(a, quotient), 1);
}
#endif

uint32_t clinux_crc32_by_table(const void *bytes, size_t count) { return ~by_table(~0u, bytes, count); }

int clinux_crc32_folds(void) { return folds; }

uint32_t clinux_crc32(const void *bytes, size_t count) {
  uint32_t crc = ~0u;
  const unsigned char *at = bytes;
#if defined(__x86_64__)
  if (folds && count >= 64) {
    size_t folded = count & ~(size_t)15;
    crc = by_folding(crc, at, folded);
    at += folded;
    count -= folded;
  }
#endif
  return ~by_table(crc, at, count);
}
