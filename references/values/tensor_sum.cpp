// Sums of an integrand over the nodes of a tensor rule that a complex triangular map moves, one loop for each variable.
//
// references/values/tensor_sums.py writes the loops to loops.inc. The innermost is over plain numbers, so that the
// compiler does several nodes at once.

#include <cmath>

struct C {
  double re, im;
};
static inline C operator+(C a, C b) { return {a.re + b.re, a.im + b.im}; }
static inline C operator+(C a, double b) { return {a.re + b, a.im}; }
static inline C operator+(double a, C b) { return {a + b.re, b.im}; }
static inline C operator*(C a, C b) { return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }
static inline C operator*(C a, double b) { return {a.re * b, a.im * b}; }
static inline C operator*(double a, C b) { return {a * b.re, a * b.im}; }
static inline double inverse(double a) { return 1 / a; }
static inline C inverse(C a) {
  const double n = 1 / (a.re * a.re + a.im * a.im);
  return {a.re * n, -a.im * n};
}
static inline C exponential(C a) {
  const double size = std::exp(a.re);
  return {size * std::cos(a.im), size * std::sin(a.im)};
}

// a [k][k] complex: log c_i = a[i][i] + sum over j < i of a[i][j] (2 t_j - 1); s [m]; nodes and weights by variable.
extern "C" void sum(const double* a, const double* s, const long* n, const double* const* nodes,
                    const double* const* weights, double* re, double* im) {
#include "loops.inc"
}
