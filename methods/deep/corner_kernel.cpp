// The corner sum of a network, all layers in one pass: what methods/deep/network.py sums over the corners, on a CPU.
//
// Compiled by methods/deep/cpu_corner_sum.py with K, the type T of numbers, and the activation: base.inc is its first base
// function as an expression in z, and phi.inc makes D[0] = φ(z) from base[0].
//
// A few points at a time, with their 2^K corners the rows of a block, pass through the whole network while they are in
// first-level cache; the rows of a block lie side by side in vectors, and neurons below each other. The corners share
// the first layer's part of s.

#include <cstddef>
#include <vector>

#include "vector_width.hpp"

typedef T V __attribute__((vector_size(BYTES)));

// Vectors of rows and neurons whose sums a product keeps in registers, of which there are 32 or 16.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int VECTORS = 4, NEURONS = 6;
#else
constexpr int VECTORS = 2, NEURONS = 6;
#endif

constexpr ptrdiff_t LANES = BYTES / sizeof(T), CORNERS = ptrdiff_t(1) << K;

// Blocks that a thread takes at once: microseconds of work, so that asking for them costs little.
constexpr ptrdiff_t BLOCKS_AT_ONCE = 4;

// The C library's functions, of which it has vector versions too (libmvec); compilers use these without being told only
// where they may also reorder sums.
#define VECTORISED(name)                                                                             \
  extern "C" __attribute__((simd("notinbranch"))) float of_floats_##name(float) noexcept __asm__(#name "f"); \
  extern "C" __attribute__((simd("notinbranch"))) double of_doubles_##name(double) noexcept __asm__(#name);  \
  namespace vectorised {                                                                             \
  inline float name(float z) { return of_floats_##name(z); }                                         \
  inline double name(double z) { return of_doubles_##name(z); }                                      \
  }
VECTORISED(exp) VECTORISED(tanh) VECTORISED(erfc) VECTORISED(log1p) VECTORISED(sin)

namespace vectorised {
inline T abs(T z) { return z < 0 ? -z : z; }
inline T positive(T z) { return z > 0 ? z : 0; }

inline T activation(T z) {
  const T base[] = {
#include "base.inc"
  };
  T D[1];
#include "phi.inc"
  return D[0];
}
}  // namespace vectorised

static void activate(T* z, ptrdiff_t numbers) {
#pragma omp simd
  for (ptrdiff_t i = 0; i < numbers; i++) z[i] = vectorised::activation(z[i]);
}

struct Network {
  const T* const* arrays;  // weight, bias of each hidden layer, weight of the last layer
  ptrdiff_t m, width, depth;
  std::vector<T> corners;  // the first layer's part of the corners, [width][CORNERS]

  const T* weight(ptrdiff_t layer) const { return arrays[2 * layer]; }
  const T* bias(ptrdiff_t layer) const { return arrays[2 * layer + 1]; }
};

// Sums of the network over the corners of some points: `vectors` of rows at a time.
template <ptrdiff_t vectors> struct Block {
  static constexpr ptrdiff_t ROWS = vectors * LANES, POINTS = CORNERS < ROWS ? ROWS / CORNERS : 1;

  const Network& N;
  std::vector<T> memory;
  T *a, *z, *from_s;  // [width][ROWS], [width][ROWS], [width][POINTS]

  Block(const Network& network) : N(network), memory(N.width * (2 * ROWS + POINTS) + LANES) {
    a = reinterpret_cast<T*>((reinterpret_cast<size_t>(memory.data()) + BYTES - 1) / BYTES * BYTES);
    z = a + N.width * ROWS, from_s = z + N.width * ROWS;
  }

  // z of neurons j, j + 1, … of a layer, `count` of them together, so that their sums stay in registers.
  template <int count> [[gnu::always_inline]] void neurons(ptrdiff_t layer, ptrdiff_t j) {
    const T *weight = N.weight(layer), *bias = N.bias(layer);
    for (; j + count <= N.width; j += count) {
      V sum[count][vectors];
      for (int n = 0; n < count; n++)
        for (int v = 0; v < vectors; v++) sum[n][v] = V{} + bias[j + n];
      for (ptrdiff_t i = 0; i < N.width; i++)
        for (int n = 0; n < count; n++)
          for (int v = 0; v < vectors; v++)
            sum[n][v] += weight[(j + n) * N.width + i] * *reinterpret_cast<const V*>(a + i * ROWS + v * LANES);
      for (int n = 0; n < count; n++)
        for (int v = 0; v < vectors; v++) *reinterpret_cast<V*>(z + (j + n) * ROWS + v * LANES) = sum[n][v];
    }
    if constexpr (count > 1) neurons<count / 2>(layer, j);
  }

  // out[0 … points) for s [points][m].
  void sum(const T* s, T* out, ptrdiff_t points) {
    for (ptrdiff_t j = 0; j < N.width; j++)
      for (ptrdiff_t p = 0; p < points; p++) {
        T part = N.bias(0)[j];
        for (ptrdiff_t i = 0; i < N.m; i++) part += N.weight(0)[j * (K + N.m) + K + i] * s[p * N.m + i];
        from_s[j * POINTS + p] = part;
      }
    for (ptrdiff_t p = 0; p < points; p++) out[p] = 0;
    for (ptrdiff_t corner = 0; corner < CORNERS; corner += ROWS) pass(out, points, corner);
  }

  // Add what corners from `corner` on give, as many as there are rows.
  void pass(T* out, ptrdiff_t points, ptrdiff_t corner) {
    const ptrdiff_t corners = CORNERS - corner < ROWS ? CORNERS - corner : ROWS;
    for (ptrdiff_t j = 0; j < N.width; j++)
      for (ptrdiff_t p = 0; p < points; p++)
        for (ptrdiff_t S = 0; S < corners; S++)
          a[j * ROWS + p * corners + S] = from_s[j * POINTS + p] + N.corners[j * CORNERS + corner + S];
    activate(a, N.width * ROWS);
    for (ptrdiff_t layer = 1; layer < N.depth; layer++) {
      neurons<NEURONS>(layer, 0);
      activate(z, N.width * ROWS);
      T* const given = z;
      z = a, a = given;
    }
    T N_of[ROWS] = {};
    for (ptrdiff_t j = 0; j < N.width; j++)
      for (ptrdiff_t row = 0; row < ROWS; row++) N_of[row] += N.weight(N.depth)[j] * a[j * ROWS + row];
    for (ptrdiff_t p = 0; p < points; p++)
      for (ptrdiff_t S = 0; S < corners; S++) {
        const T value = N_of[p * corners + S];
        out[p] += (K - __builtin_popcountll(corner + S)) % 2 ? -value : value;
      }
  }
};

template <ptrdiff_t vectors> static void all(const Network& N, const T* s, T* out, ptrdiff_t threads, ptrdiff_t n) {
  constexpr ptrdiff_t POINTS = Block<vectors>::POINTS;
  const ptrdiff_t blocks = (n + POINTS - 1) / POINTS;
  if (threads > blocks) threads = blocks;
#pragma omp parallel num_threads(threads) if (threads > 1)
  {
    Block<vectors> block(N);
    // Whoever is free takes the next: with a stretch for each, all would wait for one whose core is busy.
#pragma omp for schedule(dynamic, BLOCKS_AT_ONCE)
    for (ptrdiff_t i = 0; i < blocks; i++) {
      const ptrdiff_t first = i * POINTS;
      block.sum(s + first * N.m, out + first, n - first < POINTS ? n - first : POINTS);
    }
  }
}

// out [n] for s [n][m]; arrays as in Network.
extern "C" void corner_sum(const T* const* arrays, const T* s, T* out, ptrdiff_t threads, ptrdiff_t n, ptrdiff_t m,
                           ptrdiff_t width, ptrdiff_t depth) {
  Network N{arrays, m, width, depth, std::vector<T>(width * CORNERS)};
  for (ptrdiff_t j = 0; j < width; j++)
    for (ptrdiff_t S = 1; S < CORNERS; S++)
      N.corners[j * CORNERS + S] = N.corners[j * CORNERS + (S & (S - 1))] + N.weight(0)[j * (K + m) + __builtin_ctzll(S)];
  if (n * CORNERS <= LANES)  // a single point, mostly
    all<1>(N, s, out, threads, n);
  else
    all<VECTORS>(N, s, out, threads, n);
}
