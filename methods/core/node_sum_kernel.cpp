// Sums Σ_n w_n f(s, x_n), f = Π_i P_i(s, x_n)^{n_i}, over fixed nodes, P_i affine in s, for many s; where SUMS is M + 1 and
// not 1 their derivatives in s as well, Σ_n w_n Σ_i (n_i f/P_i) ∂P_i/∂s_j.
//
// Compiled by methods/core/compiled_sums.py for M kinematic invariants; product.inc sets T f to the product at a vector of
// nodes, and T slopes[FACTORS] to n_i f/P_i where there are derivatives. A few points go through together, so that
// coefficients are loaded once for all of them, and a block of nodes serves many points while it is in cache.

#include <stddef.h>

#include "vector_width.hpp"

typedef double V __attribute__((vector_size(BYTES)));
constexpr ptrdiff_t LANES = BYTES / sizeof(double);

// Points that go through together, and the most that a thread takes at once.
constexpr ptrdiff_t TOGETHER = 4, MOST_AT_ONCE = 256;

// Bytes of nodes and coefficients in a block.
constexpr ptrdiff_t BLOCK = 1 << 17;

static inline V load(const double* from) {
  V v;
  __builtin_memcpy(&v, from, BYTES);
  return v;
}

struct C {
  V re, im;
};
static inline C operator*(const C& a, const C& b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
static inline C square(const C& a) { return {(a.re + a.im) * (a.re - a.im), 2 * a.re * a.im}; }
static inline V square(V a) { return a * a; }
static inline C inverse(const C& a) {
  const V n = 1 / (a.re * a.re + a.im * a.im);
  return {a.re * n, -(a.im * n)};
}
static inline V inverse(V a) { return 1 / a; }

static inline double sum(V a) {
  double total = 0;
  for (ptrdiff_t l = 0; l < LANES; l++) total += a[l];
  return total;
}

#if COMPLEX
typedef C T;
constexpr ptrdiff_t PARTS = 2;
static inline T number(double a) { return {V{} + a, V{}}; }
static inline T at(const double* p) { return {load(p), load(p + LANES)}; }
static inline void add_product(T& total, double s, const T& c) { total.re += s * c.re, total.im += s * c.im; }
static inline void add_product(T& total, const T& a, const T& b) {
  total.re = total.re + a.re * b.re - a.im * b.im, total.im = total.im + a.re * b.im + a.im * b.re;
}
static inline void store_sum(double* out, const T& total) { out[0] += sum(total.re), out[1] += sum(total.im); }
#else
typedef V T;
constexpr ptrdiff_t PARTS = 1;
static inline T number(double a) { return V{} + a; }
static inline T at(const double* p) { return load(p); }
static inline void add_product(T& total, double s, T c) { total += s * c; }
static inline void add_product(T& total, T a, T b) { total += a * b; }
static inline void store_sum(double* out, T total) { out[0] += sum(total); }
#endif

template <int n> static inline T power(const T& a) {
  if constexpr (n < 0)
    return power<-n>(inverse(a));
  else if constexpr (n == 1)
    return a;
  else if constexpr (n % 2)
    return power<n - 1>(a) * a;
  else
    return square(power<n / 2>(a));
}

// Numbers of a coefficient at a vector of nodes; of an affine polynomial, whose constant comes last; and of all.
constexpr ptrdiff_t NUMBERS = PARTS * LANES, AFFINE = (M + 1) * NUMBERS, ALL = FACTORS * AFFINE + NUMBERS;

static inline T affine(const double* s, const double* c) {
  T total = at(c + M * NUMBERS);
  for (ptrdiff_t j = 0; j < M; j++) add_product(total, s[j], at(c + j * NUMBERS));
  return total;
}

// Add the sums over n_vectors vectors of nodes to out, for `points` points.
template <ptrdiff_t points> static void add(const double* s, const double* nodes, ptrdiff_t n_vectors, double* out) {
  T total[points][SUMS]{};
  for (ptrdiff_t v = 0; v < n_vectors; v++) {
    const double* const c = nodes + v * ALL;
    const T w = at(c + FACTORS * AFFINE);
#pragma GCC unroll 4
    for (ptrdiff_t p = 0; p < points; p++) {
      const double* const s_p = s + p * M;
#include "product.inc"
      add_product(total[p][0], f, w);
#if SUMS > 1
      for (ptrdiff_t i = 0; i < FACTORS; i++) {
        const T slope = slopes[i] * w;
        for (ptrdiff_t j = 0; j < M; j++) add_product(total[p][1 + j], slope, at(c + i * AFFINE + j * NUMBERS));
      }
#endif
    }
  }
  for (ptrdiff_t p = 0; p < points; p++)
    for (ptrdiff_t j = 0; j < SUMS; j++) store_sum(out + (p * SUMS + j) * PARTS, total[p][j]);
}

// out [n][SUMS][PARTS] at s [n][M]; nodes [n_vectors][ALL]: coefficients of s_1, …, s_M and of 1 for each polynomial, and weights.
extern "C" void evaluate(const double* s, const double* nodes, ptrdiff_t n_vectors, double* out, ptrdiff_t threads, ptrdiff_t n) {
  const ptrdiff_t n_together = BLOCK / (ALL * sizeof(double)) + 1;
  const ptrdiff_t share = (n / threads + TOGETHER - 1) / TOGETHER * TOGETHER + (n < threads);
  const ptrdiff_t at_once = share < MOST_AT_ONCE ? share : MOST_AT_ONCE;
#pragma omp parallel for schedule(dynamic) num_threads(threads) if (threads > 1 && n > 1)
  for (ptrdiff_t first = 0; first < n; first += at_once) {
    const ptrdiff_t stop = n - first < at_once ? n : first + at_once;
    for (ptrdiff_t i = first * SUMS * PARTS; i < stop * SUMS * PARTS; i++) out[i] = 0;
    for (ptrdiff_t v = 0; v < n_vectors; v += n_together) {
      const ptrdiff_t count = n_vectors - v < n_together ? n_vectors - v : n_together;
      ptrdiff_t i = first;
      for (; i + TOGETHER <= stop; i += TOGETHER) add<TOGETHER>(s + i * M, nodes + v * ALL, count, out + i * SUMS * PARTS);
      for (; i < stop; i++) add<1>(s + i * M, nodes + v * ALL, count, out + i * SUMS * PARTS);
    }
  }
}

// Numbers in a vector.
extern "C" ptrdiff_t lanes() { return LANES; }
