// Every function works on rows of L points, x[row * L + point]. All loops have constant lengths, so that compilers
// vectorise them: over points in batches, and over rows for a single point (L = 1). exp, log and tanh are written out
// for the same reason; they are exact to a few units in the last place.

inline double exp_of(double x) {
  x = x < -708.0 ? -708.0 : x > 709.0 ? 709.0 : x;
  // Adding 1.5 * 2^52 rounds to a whole number, which then stands in the lowest bits.
  const double shifted = x * 1.4426950408889634 + 6755399441055744.0, n = shifted - 6755399441055744.0;
  const double r = (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
  double p = 1.6059043836821613e-10;
  p = p * r + 2.08767569878681e-09, p = p * r + 2.505210838544172e-08, p = p * r + 2.755731922398589e-07;
  p = p * r + 2.7557319223985893e-06, p = p * r + 2.48015873015873e-05, p = p * r + 1.984126984126984e-04;
  p = p * r + 1.388888888888889e-03, p = p * r + 8.333333333333333e-03, p = p * r + 4.1666666666666664e-02;
  p = p * r + 1.6666666666666666e-01, p = p * r + 0.5, p = p * r + 1.0, p = p * r + 1.0;
  std::uint64_t bits;
  double power;
  std::memcpy(&bits, &shifted, 8);
  bits = (bits + 1023) << 52;
  std::memcpy(&power, &bits, 8);
  return p * power;
}

inline double log_of(double x) {  // for normal numbers above 0
  std::uint64_t bits;
  std::memcpy(&bits, &x, 8);
  // x = 2^e m with m in [sqrt(1/2), sqrt(2)): e + 2048 in the lowest bits of 2^52 + e + 2048.
  const std::uint64_t above = bits - 0x3fe6a09e667f3bcdULL, rest = bits - (above & 0xfff0000000000000ULL);
  const std::uint64_t exponent = ((above + 0x8000000000000000ULL) >> 52) | 0x4330000000000000ULL;
  double e, m;
  std::memcpy(&e, &exponent, 8);
  std::memcpy(&m, &rest, 8);
  e -= 4503599627372544.0;
  const double f = (m - 1.0) / (m + 1.0), g = f * f;
  double p = 1.0 / 23;
  p = p * g + 1.0 / 21, p = p * g + 1.0 / 19, p = p * g + 1.0 / 17, p = p * g + 1.0 / 15, p = p * g + 1.0 / 13;
  p = p * g + 1.0 / 11, p = p * g + 1.0 / 9, p = p * g + 1.0 / 7, p = p * g + 1.0 / 5, p = p * g + 1.0 / 3;
  return e * 6.93147180369123816490e-01 + (2.0 * f + (2.0 * f * g * p + e * 1.90821492927058770002e-10));
}

inline float exp_of(float x) { return static_cast<float>(exp_of(static_cast<double>(x))); }
inline float log_of(float x) { return static_cast<float>(log_of(static_cast<double>(x))); }

inline float tanh_of(float x) {  // a rational function, of the same error as the number type
  x = x < -7.9f ? -7.9f : x > 7.9f ? 7.9f : x;
  const float g = x * x;
  float p = -2.76076847742355e-16f, q = 1.19825839466702e-06f;
  p = p * g + 2.00018790482477e-13f, p = p * g - 8.60467152213735e-11f, p = p * g + 5.12229709037114e-08f;
  p = p * g + 1.48572235717979e-05f, p = p * g + 6.37261928875436e-04f, p = p * g + 4.89352455891786e-03f;
  q = q * g + 1.18534705686654e-04f, q = q * g + 2.26843463243900e-03f, q = q * g + 4.89352518554385e-03f;
  return x * p / q;
}

template <class T> struct Abs { static T of(T x) { return x < 0 ? -x : x; } };
template <class T> struct Elu { static T of(T x) { return x > 0 ? x : exp_of(x) - 1; } };
template <class T> struct Exp { static T of(T x) { return exp_of(x); } };
template <class T> struct LeakyRelu { static T of(T x) { return x > 0 ? x : T(0.01) * x; } };
template <class T> struct Log { static T of(T x) { return log_of(x); } };
template <class T> struct Reciprocal { static T of(T x) { return 1 / x; } };
template <class T> struct Relu { static T of(T x) { return x > 0 ? x : 0; } };
template <class T> struct Silu { static T of(T x) { return x / (1 + exp_of(-x)); } };
template <class T> struct Softplus {
  static T of(T x) { return (x > 0 ? x : 0) + log_of(1 + exp_of(x < 0 ? x : -x)); }
};
template <class T> struct Sqrt { static T of(T x) { return std::sqrt(x); } };
template <class T> struct Square { static T of(T x) { return x * x; } };
template <class T> struct Tanh { static T of(T x) { return tanh_of(x); } };

template <template <class> class F, int N, class T> inline void apply(const T* __restrict x, T* __restrict y) {
  for (int i = 0; i < N; i++) y[i] = F<T>::of(x[i]);
}

template <int N, class T, class U> inline void cast(const T* __restrict x, U* __restrict y) {
  for (int i = 0; i < N; i++) y[i] = static_cast<U>(x[i]);
}

template <int R, int L, class T, class I> inline void take(const T* __restrict x, const I* rows, T* __restrict y) {
  for (int r = 0; r < R; r++)
    for (int p = 0; p < L; p++) y[r * L + p] = x[rows[r] * L + p];
}

template <int R, int L, class T, class I> inline void sort(T* x, const I* rows) {
  for (int end = R - 1; end > 0; end--)
    for (int r = 0; r < end; r++)
      for (int p = 0; p < L; p++) {
        T& a = x[rows[r] * L + p];
        T& b = x[rows[r + 1] * L + p];
        const T smaller = a < b ? a : b, larger = a < b ? b : a;
        a = smaller, b = larger;
      }
}

template <int R, int L, class T>
inline void scale(const T* __restrict x, const T* factor, const T* offset, T* __restrict y) {
  for (int r = 0; r < R; r++)
    for (int p = 0; p < L; p++) y[r * L + p] = factor[r] * x[r * L + p] + offset[r];
}

template <int N, class T> inline void at_least(const T* __restrict x, T bound, T* __restrict y) {
  for (int i = 0; i < N; i++) y[i] = x[i] < bound ? bound : x[i];
}

// x and y row by row; with STEP 0 the first row of y goes with all of x.
template <int R, int STEP, int L, class T> inline void add(const T* __restrict x, const T* y, T* __restrict z) {
  for (int r = 0; r < R; r++)
    for (int p = 0; p < L; p++) z[r * L + p] = x[r * L + p] + y[r * STEP * L + p];
}

template <int R, int STEP, int L, class T> inline void multiply(const T* __restrict x, const T* y, T* __restrict z) {
  for (int r = 0; r < R; r++)
    for (int p = 0; p < L; p++) z[r * L + p] = x[r * L + p] * y[r * STEP * L + p];
}

template <int R, int S, int L, class T>
inline void outer(const T* __restrict x, const T* __restrict y, T* __restrict z) {
  for (int r = 0; r < R; r++)
    for (int q = 0; q < S; q++)
      for (int p = 0; p < L; p++) z[(r * S + q) * L + p] = x[r * L + p] * y[q * L + p];
}

template <int R, int L, class T>
inline void select(const T* row, T bound, const T* __restrict x, const T* __restrict y, T* __restrict z) {
  for (int r = 0; r < R; r++)
    for (int p = 0; p < L; p++) z[r * L + p] = row[p] >= bound ? x[r * L + p] : y[r * L + p];
}

// Several numbers side by side, which compilers keep in registers: vectors where they know them.
#if defined(__GNUC__)
#if defined(__AVX__)
constexpr int BYTES = 32;
#else
constexpr int BYTES = 16;
#endif
template <class T> struct Pack {
  static constexpr int SIZE = BYTES / sizeof(T);
  typedef T V __attribute__((vector_size(BYTES)));
};
#else
template <class T> struct Pack {
  static constexpr int SIZE = 1;
  typedef T V;
};
#endif

// ROWS rows of W x + b from row o on, for L points.
template <int IN, int OUT, int ROWS, int L, class T>
inline void affine_rows(const T* __restrict x, const T* __restrict w, const T* __restrict b, T* __restrict y, int o) {
  typedef typename Pack<T>::V V;
  constexpr int SIZE = Pack<T>::SIZE, PACKS = L / SIZE;
  V sum[ROWS][PACKS], at[PACKS];
#pragma GCC unroll 16
  for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 16
    for (int q = 0; q < PACKS; q++) sum[r][q] = V{} + b[o + r];
  for (int i = 0; i < IN; i++) {
#pragma GCC unroll 16
    for (int q = 0; q < PACKS; q++) std::memcpy(&at[q], x + i * L + q * SIZE, sizeof(V));
#pragma GCC unroll 16
    for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 16
      for (int q = 0; q < PACKS; q++) sum[r][q] += w[i * OUT + o + r] * at[q];
  }
  std::memcpy(y + o * L, sum, sizeof sum);
}

// PACKS * SIZE rows of W x + b from row o on, for a single point.
template <int IN, int OUT, int PACKS, class T>
inline void affine_point(const T* __restrict x, const T* __restrict w, const T* __restrict b, T* __restrict y, int o) {
  typedef typename Pack<T>::V V;
  constexpr int SIZE = Pack<T>::SIZE;
  V sum[PACKS], weights;
  std::memcpy(sum, b + o, sizeof sum);
  for (int i = 0; i < IN; i++)
#pragma GCC unroll 16
    for (int q = 0; q < PACKS; q++) {
      std::memcpy(&weights, w + i * OUT + o + q * SIZE, sizeof weights);
      sum[q] += x[i] * weights;
    }
  std::memcpy(y + o, sum, sizeof sum);
}

// W x + b for w [IN][OUT].
template <int IN, int OUT, int L, class T>
inline void affine(const T* __restrict x, const T* __restrict w, const T* __restrict b, T* __restrict y) {
  constexpr int SIZE = Pack<T>::SIZE, PACKS = 8;
  if constexpr (L % SIZE == 0) {
    constexpr int ROWS = PACKS * SIZE / L > 0 ? PACKS * SIZE / L : 1, WHOLE = OUT / ROWS * ROWS;
    for (int o = 0; o < WHOLE; o += ROWS) affine_rows<IN, OUT, ROWS, L>(x, w, b, y, o);
    for (int o = WHOLE; o < OUT; o++) affine_rows<IN, OUT, 1, L>(x, w, b, y, o);
  } else {
    constexpr int WHOLE = OUT / (PACKS * SIZE) * (PACKS * SIZE), FULL = OUT / SIZE * SIZE;
    for (int o = 0; o < WHOLE; o += PACKS * SIZE) affine_point<IN, OUT, PACKS>(x, w, b, y, o);
    for (int o = WHOLE; o < FULL; o += SIZE) affine_point<IN, OUT, 1>(x, w, b, y, o);
    for (int o = FULL; o < OUT; o++) {
      T sum = b[o];
      for (int i = 0; i < IN; i++) sum += w[i * OUT + o] * x[i];
      y[o] = sum;
    }
  }
}

// T_0(x) ... T_{N-1}(x) of one row.
template <int L, class T> inline void chebyshev(const T* __restrict x, int n, T* __restrict y) {
  for (int p = 0; p < L; p++) y[p] = 1;
  if (n > 1)
    for (int p = 0; p < L; p++) y[L + p] = x[p];
  for (int d = 2; d < n; d++)
    for (int p = 0; p < L; p++) y[d * L + p] = 2 * x[p] * y[(d - 1) * L + p] - y[(d - 2) * L + p];
}

// Products of rows: product i is an earlier one times a row, of[2 i] and of[2 i + 1]; the first is 1.
template <int N, int L, class I> inline void products(const double* __restrict rows, const I* of, double* __restrict y) {
  for (int p = 0; p < L; p++) y[p] = 1;
  for (int i = 1; i < N; i++)
    for (int p = 0; p < L; p++) y[i * L + p] = y[of[2 * i] * L + p] * rows[of[2 * i + 1] * L + p];
}

constexpr int PAD = 4;

// A sum of products a_i b_j with coefficients c, of which row i has length[i], a multiple of PAD.
template <int N, int L, class I>
inline void bilinear(const double* __restrict a, const double* __restrict b, const double* __restrict c,
                     const I* length, double* __restrict y) {
  if constexpr (L == 1) {
    double total[PAD] = {};
    for (int i = 0; i < N; i++) {
      double sum[PAD] = {};
      for (int j = 0; j < length[i]; j += PAD)
        for (int r = 0; r < PAD; r++) sum[r] += c[j + r] * b[j + r];
      for (int r = 0; r < PAD; r++) total[r] += a[i] * sum[r];
      c += length[i];
    }
    y[0] = (total[0] + total[1]) + (total[2] + total[3]);
  } else {
    typedef Pack<double>::V V;
    constexpr int SIZE = Pack<double>::SIZE, PACKS = L / SIZE;
    V total[PACKS] = {}, at;
    for (int i = 0; i < N; i++) {
      V sum[PACKS] = {};
      for (int j = 0; j < length[i]; j++)
#pragma GCC unroll 16
        for (int q = 0; q < PACKS; q++) {
          std::memcpy(&at, b + j * L + q * SIZE, sizeof at);
          sum[q] += c[j] * at;
        }
#pragma GCC unroll 16
      for (int q = 0; q < PACKS; q++) {
        std::memcpy(&at, a + i * L + q * SIZE, sizeof at);
        total[q] += at * sum[q];
      }
      c += length[i];
    }
    std::memcpy(y, total, sizeof total);
  }
}
