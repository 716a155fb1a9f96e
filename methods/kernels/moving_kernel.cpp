// Sums of an integrand over nodes that a change of variables moves with s, for many s.
//
// Compiled by methods/kernels/moving_sum.py, with the statements of one point in point.inc: those are C++ on values of
// three types, double, V (some nodes side by side) and T (the same of complex numbers, or V once more), for which what
// they need is defined here.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "vector_width.hpp"

typedef double V __attribute__((vector_size(BYTES)));
typedef int64_t I __attribute__((vector_size(BYTES)));
constexpr ptrdiff_t LANES = BYTES / sizeof(double);

struct Rule {
  ptrdiff_t m, n_basis, degree, n_coefficients, n_lanes;
  const int64_t* basis;         // [n_basis][m]: degrees of the Chebyshev polynomials of u in each product
  const double* coefficients;   // [n_basis][n_coefficients] numbers, of log c_1, …, log c_k
  const double* const* lane_t;  // nodes of the variables that share them: [variable][n_lanes]
  const double* lane_weights;   // [n_lanes], a multiple of LANES
  const ptrdiff_t* n;           // nodes of each of the others, at its own place
  const double* const* t;
  const double* const* weights;
};

static inline V same(double a) { return V{} + a; }
static inline V load(const double* from) {
  V v;
  __builtin_memcpy(&v, from, BYTES);
  return v;
}

struct C {
  V re, im;
  C& operator+=(const C& b) { return re += b.re, im += b.im, *this; }
};
static inline C operator+(const C& a, const C& b) { return {a.re + b.re, a.im + b.im}; }
static inline C operator*(const C& a, const C& b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
template <class Real> static inline C operator+(Real a, const C& b) { return {a + b.re, b.im}; }
template <class Real> static inline C operator+(const C& a, Real b) { return {a.re + b, a.im}; }
template <class Real> static inline C operator*(Real a, const C& b) { return {a * b.re, a * b.im}; }
template <class Real> static inline C operator*(const C& a, Real b) { return {a.re * b, a.im * b}; }

static inline double square(double a) { return a * a; }
static inline V square(V a) { return a * a; }
static inline C square(const C& a) { return {(a.re + a.im) * (a.re - a.im), 2 * a.re * a.im}; }
static inline double inverse(double a) { return 1 / a; }
static inline V inverse(V a) { return 1 / a; }
static inline C inverse(const C& a) {
  const V n = 1 / (a.re * a.re + a.im * a.im);
  return {a.re * n, -(a.im * n)};
}

// Added to a number below 2^51 it leaves the nearest integer in the last bits.
constexpr double ROUNDING = 6755399441055744.0;

static inline V clamp(V x, double limit) {
  x = x < limit ? x : same(limit);
  return x > -limit ? x : same(-limit);
}

// exp x = 2^n exp r, |r| <= log(2)/2, by Taylor's series to r^13; within 2 ulp for |x| <= 700, constant beyond.
static inline V exponential(V x) {
  x = clamp(x, 700);
  const V shifted = x * 1.4426950408889634 + ROUNDING, n = shifted - ROUNDING;
  const V r = (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
  V p = r * (1.0 / 6227020800) + 1.0 / 479001600;
  p = p * r + 1.0 / 39916800, p = p * r + 1.0 / 3628800, p = p * r + 1.0 / 362880, p = p * r + 1.0 / 40320;
  p = p * r + 1.0 / 5040, p = p * r + 1.0 / 720, p = p * r + 1.0 / 120, p = p * r + 1.0 / 24, p = p * r + 1.0 / 6;
  p = p * r + 0.5, p = p * r + 1.0, p = p * r + 1.0;
  return (V)((I)p + ((I)shifted << 52));
}
static inline double exponential(double x) { return std::exp(x); }

// exp(x + iy), where |y| < 1e5: sine and cosine of y = n π/2 + r, |r| <= π/4, by the polynomials of fdlibm.
static inline C exponential(const C& z) {
  const V shifted = z.im * 0.63661977236758134 + ROUNDING, n = shifted - ROUNDING;
  const V r = (z.im - n * 1.57079632673412561417) - n * 6.07710050650619224932e-11, q = r * r;
  V s = q * 1.58969099521155010221e-10 - 2.50507602534068634195e-08;
  s = s * q + 2.75573137070700676789e-06, s = s * q - 1.98412698298579493134e-04;
  s = s * q + 8.33333333332248946124e-03, s = s * q - 1.66666666666666324348e-01;
  V c = q * -1.13596475577881948265e-11 + 2.08757232129817482790e-09;
  c = c * q - 2.75573143513906633035e-07, c = c * q + 2.48015872894767294178e-05;
  c = c * q - 1.38888888888741095749e-03, c = c * q + 4.16666666666666019037e-02;
  const I sine = (I)(r + r * q * s), cosine = (I)(1.0 - 0.5 * q + q * q * c), quarter = (I)shifted;
  const I swapped = -(quarter & 1);
  const I sine_of_y = ((sine & ~swapped) | (cosine & swapped)) ^ ((quarter & 2) << 62);
  const I cosine_of_y = ((cosine & ~swapped) | (sine & swapped)) ^ (((quarter + 1) & 2) << 62);
  const V size = exponential(z.re);
  return {size * (V)cosine_of_y, size * (V)sine_of_y};
}

static inline double sum(V a) {
  double total = 0;
  for (ptrdiff_t l = 0; l < LANES; l++) total += a[l];
  return total;
}

#if COMPLEX
typedef C T;
#define A(i) (C{same(a[2 * (i)]), same(a[2 * (i) + 1])})
static inline void store(const C& total, double* out) { out[0] = sum(total.re), out[1] = sum(total.im); }
#else
typedef V T;
#define A(i) (a[i])
static inline void store(V total, double* out) { out[0] = sum(total); }
#endif

// The sums of SUMS integrands at one point, given the coefficients of log c_i there.
constexpr ptrdiff_t NUMBERS = sizeof(T) / sizeof(V);
static void at_point(const Rule& rule, const double* s, const double* a, double* out) {
  T total[SUMS];
#include "point.inc"
  for (ptrdiff_t i = 0; i < SUMS; i++) store(total[i], out + i * NUMBERS);
}

// a [n_coefficients] at one point: products of Chebyshev polynomials of u times a matrix.
static void coefficients(const Rule& rule, const double* u, double* polynomials, double* a) {
  for (ptrdiff_t j = 0; j < rule.m; j++) {
    double* const p = polynomials + j * (rule.degree + 1);
    p[0] = 1;
    for (ptrdiff_t d = 1; d <= rule.degree; d++) p[d] = d == 1 ? u[j] : 2 * u[j] * p[d - 1] - p[d - 2];
  }
  for (ptrdiff_t i = 0; i < rule.n_coefficients; i++) a[i] = 0;
  for (ptrdiff_t b = 0; b < rule.n_basis; b++) {
    double product = 1;
    for (ptrdiff_t j = 0; j < rule.m; j++)
      product *= polynomials[j * (rule.degree + 1) + rule.basis[b * rule.m + j]];
    const double* const row = rule.coefficients + b * rule.n_coefficients;
    for (ptrdiff_t i = 0; i < rule.n_coefficients; i++) a[i] += product * row[i];
  }
}

// out [n][SUMS], real or complex numbers, at s and u [n][m].
extern "C" void evaluate(const Rule* rule, const double* s, const double* u, double* out, ptrdiff_t threads, ptrdiff_t n) {
#pragma omp parallel num_threads(threads < n ? threads : n) if (threads > 1 && n > 1)
  {
    std::vector<double> a(rule->n_coefficients), polynomials(rule->m * (rule->degree + 1));
    // Whoever is free takes the next: with a stretch for each, all would wait for one whose core is busy.
#pragma omp for schedule(dynamic)
    for (ptrdiff_t i = 0; i < n; i++) {
      coefficients(*rule, u + i * rule->m, polynomials.data(), a.data());
      at_point(*rule, s + i * rule->m, a.data(), out + i * SUMS * NUMBERS);
    }
  }
}
