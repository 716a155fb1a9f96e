// Every function works on rows of L points, x[row * L + point]. All loops have constant lengths, so that compilers
// vectorise them: over points in batches, and over rows for a single point (L = 1).

template <template <class> class F, int N, class T> inline void apply(const T* __restrict x, T* __restrict y) {
  for (int i = 0; i < N; i++) y[i] = F<T>::of(x[i]);
}

template <int N, class T, class U> inline void cast(const T* __restrict x, U* __restrict y) {
  for (int i = 0; i < N; i++) y[i] = static_cast<U>(x[i]);
}

template <int R, int L, class T, class Index> inline void take(const T* __restrict x, const Index* rows, T* __restrict y) {
  for (int r = 0; r < R; r++)
    for (int p = 0; p < L; p++) y[r * L + p] = x[rows[r] * L + p];
}

template <int R, int L, class T, class Index> inline void sort(T* x, const Index* rows) {
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
template <int N, int L, class Index> inline void products(const double* __restrict rows, const Index* of, double* __restrict y) {
  for (int p = 0; p < L; p++) y[p] = 1;
  for (int i = 1; i < N; i++)
    for (int p = 0; p < L; p++) y[i * L + p] = y[of[2 * i] * L + p] * rows[of[2 * i + 1] * L + p];
}

constexpr int PAD = 4;

// A sum of products a_i b_j with coefficients c, of which row i has length[i], a multiple of PAD.
template <int N, int L, class Index>
inline void bilinear(const double* __restrict a, const double* __restrict b, const double* __restrict c,
                     const Index* length, double* __restrict y) {
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
