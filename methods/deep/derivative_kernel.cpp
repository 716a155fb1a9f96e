// Activations on 2^K nilpotent coefficients, forward and backward: the inner loops of methods/deep/network.py on a CPU.
//
// Compiled by methods/deep/cpu_kernels.py with K, the type T of numbers, and tower.inc, the activation's derivatives
// d0 = φ(z), …, d{K + 1} = φ^(K+1)(z). With T_j(n) the coefficients of φ^(j)(z) in the first n variables, and z'' those
// of z whose subsets contain variable n,
//
//     T_j(n) = (T_j(n − 1), T_{j+1}(n − 1) · z''),    T_j(0) = φ^(j)(z_∅),
//
// so that φ(z) = T_0(K) takes ¾·3^K multiply-adds, and its gradient twice that. One vector V holds a few neurons; all
// their coefficients, some kilobytes, stay in first-level cache.
//
// Memory: a tile is q numbers, a few samples × width. z, y and their gradients are [tiles][2^K][q], except that z_∅ is
// an array of its own, [tiles][q], as are the values of the activation's base functions, [BASES][tiles][q].

#include <cstddef>

#include "vector_width.hpp"

typedef T V __attribute__((vector_size(BYTES)));
typedef T U __attribute__((vector_size(BYTES), aligned(sizeof(T)), may_alias));  // a V anywhere in memory

constexpr int N = 1 << K;

// Products of that many variables keep all three factors in registers, of which there are 32 or 16; more are split.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int IN_REGISTERS = 3;
#else
constexpr int IN_REGISTERS = 2;
#endif

// 2^n coefficients in registers: an array would be kept in memory.
template <int n> struct Registers {
  Registers<n - 1> low, high;
  [[gnu::always_inline]] void load(const V* p) { low.load(p), high.load(p + (1 << (n - 1))); }
  [[gnu::always_inline]] void store(V* p) const { low.store(p), high.store(p + (1 << (n - 1))); }
};

template <> struct Registers<0> {
  V v;
  [[gnu::always_inline]] void load(const V* p) { v = *p; }
  [[gnu::always_inline]] void store(V* p) const { *p = v; }
};

// c = a b (fresh) or c += a b in n variables: three products in n − 1. Its adjoint is c_T = Σ_{S ⊇ T} a_S b_{S∖T}.
template <bool adjoint, bool fresh, int n>
[[gnu::always_inline]] inline void unrolled(const Registers<n>& a, const Registers<n>& b, Registers<n>& c) {
  if constexpr (n == 0) {
    c.v = fresh ? a.v * b.v : c.v + a.v * b.v;
  } else {
    unrolled<adjoint, fresh>(a.low, b.low, c.low);
    unrolled<adjoint, fresh>(adjoint ? a.high : a.low, adjoint ? b.low : b.high, c.high);
    unrolled<adjoint, false>(a.high, adjoint ? b.high : b.low, adjoint ? c.low : c.high);
  }
}

template <int n, bool adjoint, bool fresh> [[gnu::noinline]] void product(const V* a, const V* b, V* c) {
  if constexpr (n <= IN_REGISTERS) {
    Registers<n> x, y, z;
    x.load(a), y.load(b);
    if constexpr (!fresh) z.load(c);
    unrolled<adjoint, fresh>(x, y, z);
    z.store(c);
  } else {
    constexpr int h = 1 << (n - 1);
    product<n - 1, adjoint, fresh>(a, b, c);
    product<n - 1, adjoint, fresh>(a + (adjoint ? h : 0), b + (adjoint ? 0 : h), c + h);
    product<n - 1, adjoint, false>(a + h, b + (adjoint ? h : 0), c + (adjoint ? 0 : h));
  }
}

// The towers T_j, one after the other; T_j has 2^(K−j) coefficients.
struct Tower {
  V all[2 * N];
  V* at(int j) { return all + 2 * N - (1 << (K + 1 - j)); }
};

// From T_j(0), make T_first, with the last K − first variables.
template <int n, int first> [[gnu::always_inline]] inline void climb(Tower& t, const V* z) {
  if constexpr (n > 0) {
    climb<n - 1, first>(t, z);
    constexpr int h = 1 << (n - 1);
    for (int j = first; j + n <= K; j++) product<n - 1, false, true>(t.at(j + 1), z + h, t.at(j) + h);
  }
}

// From the gradient of T_first, make those of all T_j and, but for z_∅, that of z.
template <int n, int first> [[gnu::always_inline]] inline void descend(Tower& t, Tower& g, const V* z, V* gz) {
  if constexpr (n > 0) {
    constexpr int h = 1 << (n - 1);
    // Fresh is what nothing has reached yet: the tallest tower, and z''.
    for (int j = first; j + n < K; j++) product<n - 1, true, false>(g.at(j) + h, z + h, g.at(j + 1));
    product<n - 1, true, true>(g.at(K - n) + h, z + h, g.at(K - n + 1));
    product<n - 1, true, true>(g.at(first) + h, t.at(first + 1), gz + h);
    for (int j = first + 1; j + n <= K; j++) product<n - 1, true, false>(g.at(j) + h, t.at(j + 1), gz + h);
    descend<n - 1, first>(t, g, z, gz);
  }
}

struct Neurons {  // of one vector
  V z[N], D[K + 2];
  Tower t;

  Neurons(const U* z0, const U* base_, const U* rest, ptrdiff_t tiles, ptrdiff_t tile, ptrdiff_t q, ptrdiff_t i) {
    z[0] = z0[tile * q + i];
    if (rest) for (int S = 1; S < N; S++) z[S] = rest[(tile * N + S) * q + i];
    V base[BASES];
    for (int b = 0; b < BASES; b++) base[b] = base_[(b * tiles + tile) * q + i];
    derivatives(z[0], base, D);
    for (int j = 0; j <= K; j++) t.at(j)[0] = D[j];
  }

  static void derivatives(V z, const V* base, V* D) {
#include "tower.inc"
  }
};

// Call f(tile, i) for each vector i of each tile.
template <class F> static void each(ptrdiff_t tiles, ptrdiff_t q, F f) {
  for (ptrdiff_t tile = 0; tile < tiles; tile++)
    for (ptrdiff_t i = 0; i < q; i++) f(tile, i);
}

// Arrays of numbers are arrays of vectors from here on.
#define ARGUMENTS ptrdiff_t tiles, ptrdiff_t numbers
#define VECTORS const ptrdiff_t q = numbers * ptrdiff_t(sizeof(T)) / BYTES

extern "C" {

// Call `work` on so many threads, and return when all of them have.
void on_threads(void (*work)(), ptrdiff_t threads) {
#pragma omp parallel num_threads(threads)
  work();
}

// y = φ(z).
void hidden_forward(const U* z0, const U* base, const U* z, U* y, ARGUMENTS) {
  VECTORS;
  each(tiles, q, [=](ptrdiff_t tile, ptrdiff_t i) {
    Neurons a(z0, base, z, tiles, tile, q, i);
    climb<K, 0>(a.t, a.z);
    for (int S = 0; S < N; S++) y[(tile * N + S) * q + i] = a.t.at(0)[S];
  });
}

// gz from y's gradient, which φ(z) then replaces; the gradient of the bias is added to g_bias [q].
void hidden_backward(const U* z0, const U* base, const U* z, U* gy_then_y, U* gz, U* g_bias, ARGUMENTS) {
  VECTORS;
  each(tiles, q, [=](ptrdiff_t tile, ptrdiff_t i) {
    Neurons a(z0, base, z, tiles, tile, q, i);
    climb<K, 0>(a.t, a.z);
    Tower g;
    V gradient[N];
    U* gy = gy_then_y + tile * N * q + i;
    for (int S = 0; S < N; S++) g.at(0)[S] = gy[S * q], gy[S * q] = a.t.at(0)[S];
    descend<K, 0>(a.t, g, a.z, gradient);
    gradient[0] = g.at(0)[0] * a.D[1];
    for (int j = 1; j <= K; j++) gradient[0] += g.at(j)[0] * a.D[j + 1];
    for (int S = 0; S < N; S++) gz[(tile * N + S) * q + i] = gradient[S];
    g_bias[i] += gradient[0];
  });
}

// The first layer: with P_S [2^K][q] the products of the slopes of z in S's variables, y_S = φ^(|S|)(z_∅) P_S.
void first_forward(const U* z0, const U* base, const U* P, U* y, ARGUMENTS) {
  VECTORS;
  each(tiles, q, [=](ptrdiff_t tile, ptrdiff_t i) {
    Neurons a(z0, base, nullptr, tiles, tile, q, i);
    for (int S = 0; S < N; S++) y[(tile * N + S) * q + i] = a.D[__builtin_popcount(S)] * P[S * q + i];
  });
}

// gz_∅ from y's gradient, which y then replaces; the gradient of P is added to gP [2^K][q].
void first_backward(const U* z0, const U* base, const U* P, U* gy_then_y, U* gz0, U* gP, ARGUMENTS) {
  VECTORS;
  each(tiles, q, [=](ptrdiff_t tile, ptrdiff_t i) {
    Neurons a(z0, base, nullptr, tiles, tile, q, i);
    V gradient = {};
    for (int S = 0; S < N; S++) {
      U* const at = gy_then_y + (tile * N + S) * q + i;
      const int order = __builtin_popcount(S);
      const V g = *at, p = P[S * q + i];
      gradient += g * a.D[order + 1] * p;
      gP[S * q + i] += g * a.D[order];
      *at = a.D[order] * p;
    }
    gz0[tile * q + i] = gradient;
  });
}

// The last layer: the coefficient of all variables alone, y [tiles][q].
void last_forward(const U* z0, const U* base, const U* z, U* y, ARGUMENTS) {
  VECTORS;
  each(tiles, q, [=](ptrdiff_t tile, ptrdiff_t i) {
    Neurons a(z0, base, z, tiles, tile, q, i);
    climb<K - 1, 1>(a.t, a.z);
    V top = {};
    for (int S = 0; S < N / 2; S++) top += a.t.at(1)[S] * a.z[N - 1 - S];
    y[tile * q + i] = top;
  });
}

// As hidden_backward; y and its gradient are [tiles][q].
void last_backward(const U* z0, const U* base, const U* z, U* gy_then_y, U* gz, U* g_bias, ARGUMENTS) {
  VECTORS;
  each(tiles, q, [=](ptrdiff_t tile, ptrdiff_t i) {
    Neurons a(z0, base, z, tiles, tile, q, i);
    climb<K - 1, 1>(a.t, a.z);
    Tower g;
    V gradient[N], top = {};
    const V given = gy_then_y[tile * q + i];
    for (int S = 0; S < N / 2; S++) {
      top += a.t.at(1)[S] * a.z[N - 1 - S];
      g.at(1)[S] = given * a.z[N - 1 - S];
      gradient[N - 1 - S] = given * a.t.at(1)[S];
    }
    descend<K - 1, 1>(a.t, g, a.z, gradient);
    gradient[0] = V{};
    for (int j = 1; j <= K; j++) gradient[0] += g.at(j)[0] * a.D[j + 1];
    for (int S = 0; S < N; S++) gz[(tile * N + S) * q + i] = gradient[S];
    g_bias[i] += gradient[0];
    gy_then_y[tile * q + i] = top;
  });
}

}  // extern "C"
