// A table of I(s) on a CPU: coordinates of s, their Chebyshev polynomials, a sum of terms, and I from it, in one pass.
//
// Compiled by methods/tables/cpu_polynomial.py, which splits the variables in outer and inner ones. The terms
//
//     c_α T_α1(u_1) … T_αm(u_m)
//
// come in rows: one for each combination of degrees of the outer variables that occurs, in lexicographic order. A row is
// a sum over products of polynomials of the inner variables, the first so many of a list that is the same for all rows.
// Where the degrees of some outer variables are about to change, the sums over these are multiplied by their polynomials
// and added to the sum one level up. A few vectors of points go through all of that together, so that each coefficient is
// loaded once for all of them.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "vector_width.hpp"

constexpr int VECTORS = BYTES == 64 ? 4 : 8;
typedef double V __attribute__((vector_size(BYTES)));

constexpr ptrdiff_t LANES = BYTES / sizeof(double);

// Blocks of points that a thread takes at once: microseconds of work, so that asking for them costs little.
constexpr ptrdiff_t BLOCKS_AT_ONCE = 4;

// The C library's functions, of which it has vector versions too (libmvec).
extern "C" __attribute__((simd("notinbranch"))) double exp(double) noexcept;
extern "C" __attribute__((simd("notinbranch"))) double log(double) noexcept;

struct Product {
  int32_t before, variable, degree;  // an earlier product of the list, times T_degree of a variable
};

struct Table {
  ptrdiff_t m, n_outer, n_products, n_rows;
  const double *c, *middle, *half;  // [m]: u_j = (log |c_j − s_j| − middle_j)/half_j
  const int32_t* n_degrees;         // [m]: polynomials of each variable, at least 2
  const Product* products;          // [n_products] of the inner variables; the first is 1
  const int32_t* length;            // [n_rows]: terms of each row
  const int32_t* n_closed;          // [n_rows]: outer variables whose degrees change after it, all of them at last
  const int32_t* closing;           // degrees of these, the last variable first
  const double* coefficients;       // of all terms
  int64_t sign, power;              // y = log |I/scale|, |I/scale|^(−1/power), or I/scale where sign is 0
  double scale;
};

template <ptrdiff_t vectors> struct Block {
  static constexpr ptrdiff_t POINTS = vectors * LANES;

  const Table& t;
  std::vector<double> memory;
  std::vector<V*> polynomials;  // of each variable: [degree][vectors]
  V *products, *sums;           // [n_products][vectors], [n_outer + 1][vectors]

  explicit Block(const Table& table) : t(table), polynomials(table.m) {
    ptrdiff_t rows = t.n_products + t.n_outer + 1;
    for (ptrdiff_t j = 0; j < t.m; j++) rows += t.n_degrees[j];
    memory.resize(rows * POINTS + LANES);
    V* next = reinterpret_cast<V*>((reinterpret_cast<size_t>(memory.data()) + BYTES - 1) / BYTES * BYTES);
    for (ptrdiff_t j = 0; j < t.m; j++) polynomials[j] = next, next += t.n_degrees[j] * vectors;
    products = next, sums = next + t.n_products * vectors;
  }

  // out[0 … points) for s [points][m].
  void evaluate(const double* s, double* out, ptrdiff_t points) {
    for (ptrdiff_t j = 0; j < t.m; j++) chebyshev(j, s, points);
    multiply();
    sum_terms();
    double* const y = reinterpret_cast<double*>(sums);
    decode(y);
    for (ptrdiff_t p = 0; p < points; p++) out[p] = y[p];
  }

  // T_0 … of variable j.
  void chebyshev(ptrdiff_t j, const double* s, ptrdiff_t points) {
    V* const T = polynomials[j];
    double* const u = reinterpret_cast<double*>(T + vectors);
    for (ptrdiff_t p = 0; p < POINTS; p++) u[p] = s[(p < points ? p : 0) * t.m + j];
    const double c = t.c[j], middle = t.middle[j], half = t.half[j];
#pragma omp simd
    for (ptrdiff_t p = 0; p < POINTS; p++) u[p] = (log(u[p] < c ? c - u[p] : u[p] - c) - middle) / half;
    for (ptrdiff_t v = 0; v < vectors; v++) {
      T[v] = V{} + 1;
      V before = T[v], last = T[vectors + v];
      const V twice = 2 * last;
      for (ptrdiff_t degree = 2; degree < t.n_degrees[j]; degree++) {
        const V next = twice * last - before;
        T[degree * vectors + v] = next;
        before = last, last = next;
      }
    }
  }

  // The products of the inner variables.
  void multiply() {
    for (ptrdiff_t v = 0; v < vectors; v++) products[v] = V{} + 1;
    for (ptrdiff_t i = 1; i < t.n_products; i++) {
      const Product& product = t.products[i];
      const V* const factor = polynomials[product.variable] + product.degree * vectors;
      for (ptrdiff_t v = 0; v < vectors; v++)
        products[i * vectors + v] = products[product.before * vectors + v] * factor[v];
    }
  }

  // The sum over all terms, into sums[0].
  void sum_terms() {
    for (ptrdiff_t i = 0; i < (t.n_outer + 1) * vectors; i++) sums[i] = V{};
    const double* coefficient = t.coefficients;
    const int32_t* degree = t.closing;
    for (ptrdiff_t row = 0; row < t.n_rows; row++) {
      V sum[vectors];
      for (ptrdiff_t v = 0; v < vectors; v++) sum[v] = V{} + coefficient[0];
      for (ptrdiff_t i = 1; i < t.length[row]; i++)
        for (ptrdiff_t v = 0; v < vectors; v++) sum[v] += coefficient[i] * products[i * vectors + v];
      coefficient += t.length[row];
      // sums[j] is over the outer variables from the j-th on, for the present degrees of those before.
      ptrdiff_t j = t.n_outer;
      for (int32_t closed = 1; closed <= t.n_closed[row]; closed++) {
        j--;
        const V* const factor = polynomials[j] + *degree++ * vectors;
        const bool goes_on = closed < t.n_closed[row];
        for (ptrdiff_t v = 0; v < vectors; v++) {
          sum[v] = sums[j * vectors + v] + factor[v] * sum[v];
          sums[j * vectors + v] = goes_on ? V{} : sum[v];
        }
      }
      if (!t.n_outer)
        for (ptrdiff_t v = 0; v < vectors; v++) sums[v] = sum[v];
    }
  }

  // I from y, in place.
  void decode(double* y) {
    const double scale = t.sign ? t.sign * t.scale : t.scale;
    if (t.sign && !t.power) {
#pragma omp simd
      for (ptrdiff_t p = 0; p < POINTS; p++) y[p] = scale * exp(y[p]);
    } else if (t.sign) {
      for (ptrdiff_t p = 0; p < POINTS; p++) {
        double I = scale;
        const double inverse = 1 / y[p];
        for (int64_t i = 0; i < t.power; i++) I *= inverse;
        y[p] = I;
      }
    } else {
      for (ptrdiff_t p = 0; p < POINTS; p++) y[p] *= scale;
    }
  }
};

template <ptrdiff_t vectors> static void all(const Table& table, const double* s, double* out, ptrdiff_t threads, ptrdiff_t n) {
  constexpr ptrdiff_t POINTS = Block<vectors>::POINTS;
  const ptrdiff_t blocks = (n + POINTS - 1) / POINTS;
  if (threads > blocks) threads = blocks;
#pragma omp parallel num_threads(threads) if (threads > 1)
  {
    Block<vectors> block(table);
    // Whoever is free takes the next: with a stretch for each, all would wait for one whose core is busy.
#pragma omp for schedule(dynamic, BLOCKS_AT_ONCE)
    for (ptrdiff_t i = 0; i < blocks; i++) {
      const ptrdiff_t first = i * POINTS;
      block.evaluate(s + first * table.m, out + first, n - first < POINTS ? n - first : POINTS);
    }
  }
}

// I [n] at s [n][m].
extern "C" void evaluate(const Table* table, const double* s, double* out, ptrdiff_t threads, ptrdiff_t n) {
  if (n <= LANES)  // a single point, mostly
    all<1>(*table, s, out, threads, n);
  else
    all<VECTORS>(*table, s, out, threads, n);
}
