// The steps of `arithmetic.py` at a few points, one point after the other, in one call.
//
// Compiled once by methods/core/few_points.py, which lays out the steps of a fitted method as a list of operations on
// rows of numbers in one piece of memory. All loops go over rows, whose number is known at run time only.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "elementary_functions.hpp"

constexpr int PAD = 4;  // of `bilinear_split.py`
typedef double Four __attribute__((vector_size(8 * PAD), aligned(8)));

struct Operation {
  int64_t kind, function;       // of OPERATIONS and APPLIED
  int64_t is_float;             // of the rows that it makes
  int64_t n, n_x, n_y;          // rows made, and of its operands
  int64_t out, x, y;            // where they begin in memory, in bytes
  double bound;
  const void *a, *b, *c;        // constants
};

struct Program {
  const Operation* operations;
  int64_t n_operations, m, n_bytes, n_outputs;
  const int64_t* outputs;  // where each output, a double, lies
};

template <class T> struct Rows {
  T* __restrict out;
  const T *x, *y;
};

template <class T> static Rows<T> rows(const Operation& op, char* memory) {
  return {reinterpret_cast<T*>(memory + op.out), reinterpret_cast<const T*>(memory + op.x),
          reinterpret_cast<const T*>(memory + op.y)};
}

typedef void (*Step)(const Operation&, char*);

template <class T> static void copy(const Operation& op, char* memory) {
  const auto r = rows<T>(op, memory);
  std::memcpy(r.out, r.x, op.n * sizeof(T));
}

// Between float and double.
template <class T> static void cast(const Operation& op, char* memory) {
  if (op.is_float) {
    const auto x = reinterpret_cast<const double*>(memory + op.x);
    const auto out = reinterpret_cast<float*>(memory + op.out);
    for (int64_t i = 0; i < op.n; i++) out[i] = static_cast<float>(x[i]);
  } else {
    const auto x = reinterpret_cast<const float*>(memory + op.x);
    const auto out = reinterpret_cast<double*>(memory + op.out);
    for (int64_t i = 0; i < op.n; i++) out[i] = x[i];
  }
}

template <class T> static void take(const Operation& op, char* memory) {
  const auto r = rows<T>(op, memory);
  const auto places = static_cast<const int64_t*>(op.a);
  for (int64_t i = 0; i < op.n; i++) r.out[i] = r.x[places[i]];
}

// The n_y rows a[i] of what it makes, which a copy has filled.
template <class T> static void sort(const Operation& op, char* memory) {
  const auto r = rows<T>(op, memory);
  const auto places = static_cast<const int64_t*>(op.a);
  for (int64_t end = op.n_y - 1; end > 0; end--)
    for (int64_t i = 0; i < end; i++)
      if (r.out[places[i + 1]] < r.out[places[i]]) {
        const T larger = r.out[places[i]];
        r.out[places[i]] = r.out[places[i + 1]], r.out[places[i + 1]] = larger;
      }
}

template <class T> static void scale(const Operation& op, char* memory) {
  const auto r = rows<T>(op, memory);
  const auto factor = static_cast<const T*>(op.a), offset = static_cast<const T*>(op.b);
#pragma omp simd
  for (int64_t i = 0; i < op.n; i++) r.out[i] = factor[i] * r.x[i] + offset[i];
}

// W x + b for a = W [n_x][n], so that all rows grow together; four columns at once, as rows are loaded and stored less.
template <class T> static void affine(const Operation& op, char* memory) {
  const auto r = rows<T>(op, memory);
  const auto w = static_cast<const T*>(op.a), b = static_cast<const T*>(op.b);
  const int64_t n = op.n;
  if (n == 1) {
    T sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < op.n_x; i++) sum += w[i] * r.x[i];
    r.out[0] = sum + b[0];
    return;
  }
  std::memcpy(r.out, b, n * sizeof(T));
  int64_t i = 0;
  for (; i + 4 <= op.n_x; i += 4) {
    const T *w0 = w + i * n, *w1 = w0 + n, *w2 = w1 + n, *w3 = w2 + n;
    const T x0 = r.x[i], x1 = r.x[i + 1], x2 = r.x[i + 2], x3 = r.x[i + 3];
#pragma omp simd
    for (int64_t o = 0; o < n; o++) r.out[o] += (x0 * w0[o] + x1 * w1[o]) + (x2 * w2[o] + x3 * w3[o]);
  }
  for (; i < op.n_x; i++) {
    const T xi = r.x[i];
#pragma omp simd
    for (int64_t o = 0; o < n; o++) r.out[o] += xi * w[i * n + o];
  }
}

template <class T, template <class> class F> static void each(const T* x, T* __restrict out, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; i++) out[i] = F<T>::of(x[i]);
}

template <class T> static void apply(const Operation& op, char* memory) {
  static void (*const APPLIED[])(const T*, T*, int64_t) = {
      each<T, Abs>,        each<T, Cos>,  each<T, Elu>,  each<T, Exp>, each<T, LeakyRelu>, each<T, Log>,
      each<T, Reciprocal>, each<T, Relu>, each<T, Silu>, each<T, Sin>, each<T, Softplus>,  each<T, Sqrt>,
      each<T, Square>,     each<T, Tanh>,
  };
  const auto r = rows<T>(op, memory);
  APPLIED[op.function](r.x, r.out, op.n);
}

template <class T> static void at_least(const Operation& op, char* memory) {
  const auto r = rows<T>(op, memory);
  const T bound = static_cast<T>(op.bound);
  for (int64_t i = 0; i < op.n; i++) r.out[i] = r.x[i] < bound ? bound : r.x[i];
}

template <class T> static void add(const Operation& op, char* memory) {
  const auto r = rows<T>(op, memory);
  const int64_t step = op.n_y > 1;
  for (int64_t i = 0; i < op.n; i++) r.out[i] = r.x[i] + r.y[i * step];
}

template <class T> static void multiply(const Operation& op, char* memory) {
  const auto r = rows<T>(op, memory);
  const int64_t step = op.n_y > 1;
  for (int64_t i = 0; i < op.n; i++) r.out[i] = r.x[i] * r.y[i * step];
}

template <class T> static void outer(const Operation& op, char* memory) {
  const auto r = rows<T>(op, memory);
  for (int64_t i = 0; i < op.n_x; i++)
    for (int64_t j = 0; j < op.n_y; j++) r.out[i * op.n_y + j] = r.x[i] * r.y[j];
}

template <class T> static void chebyshev(const Operation& op, char* memory) {
  const auto r = rows<T>(op, memory);
  r.out[0] = 1;
  if (op.n > 1) r.out[1] = r.x[0];
  for (int64_t d = 2; d < op.n; d++) r.out[d] = 2 * r.x[0] * r.out[d - 1] - r.out[d - 2];
}

// Each an earlier one times a row of x: places in a [n][2]; the first is 1, and zeros fill up n_y of them.
template <class T> static void products(const Operation& op, char* memory) {
  const auto r = rows<T>(op, memory);
  const auto of = static_cast<const int64_t*>(op.a);
  r.out[0] = 1;
  for (int64_t i = 1; i < op.n; i++) r.out[i] = r.out[of[2 * i]] * r.x[of[2 * i + 1]];
  for (int64_t i = op.n; i < op.n_y; i++) r.out[i] = 0;
}

// A sum of products x_i y_j with coefficients a, of which row i has c[i], a multiple of PAD.
static void bilinear(const Operation& op, char* memory) {
  const auto r = rows<double>(op, memory);
  auto coefficient = static_cast<const double*>(op.a);
  const auto length = static_cast<const int64_t*>(op.c);
  Four total = {};
  for (int64_t i = 0; i < op.n_x; i++) {
    Four sum = {}, other = {};
    int64_t j = 0;
    for (; j + 2 * PAD <= length[i]; j += 2 * PAD) {
      sum += *reinterpret_cast<const Four*>(coefficient + j) * *reinterpret_cast<const Four*>(r.y + j);
      other += *reinterpret_cast<const Four*>(coefficient + j + PAD) * *reinterpret_cast<const Four*>(r.y + j + PAD);
    }
    if (j < length[i]) sum += *reinterpret_cast<const Four*>(coefficient + j) * *reinterpret_cast<const Four*>(r.y + j);
    total += r.x[i] * (sum + other);
    coefficient += length[i];
  }
  r.out[0] = (total[0] + total[1]) + (total[2] + total[3]);
}

// The operands where a row is at least `bound`, which op.function says where to find, and else the other ones.
template <class T> static void select(const Operation& op, char* memory) {
  const auto r = rows<T>(op, memory);
  const bool first = *reinterpret_cast<const T*>(memory + op.function) >= static_cast<T>(op.bound);
  std::memcpy(r.out, first ? r.x : r.y, op.n * sizeof(T));
}

// In the order of `step_program.OPERATIONS`.
static const Step STEPS[][2] = {
    {copy<double>, copy<float>},
    {cast<double>, cast<float>},
    {take<double>, take<float>},
    {sort<double>, sort<float>},
    {scale<double>, scale<float>},
    {affine<double>, affine<float>},
    {apply<double>, apply<float>},
    {at_least<double>, at_least<float>},
    {add<double>, add<float>},
    {multiply<double>, multiply<float>},
    {outer<double>, outer<float>},
    {chebyshev<double>, chebyshev<float>},
    {products<double>, products<float>},
    {bilinear, bilinear},
    {select<double>, select<float>},
};

// out [n_outputs][n] for s [n][m].
extern "C" void evaluate(const Program* program, const double* s, double* out, int64_t n) {
  static thread_local std::vector<double> kept;
  const size_t alignment = 64, needed = program->n_bytes + alignment;
  if (kept.size() * sizeof(double) < needed) kept.resize(needed / sizeof(double) + 1);
  const auto start = (reinterpret_cast<uintptr_t>(kept.data()) + alignment - 1) / alignment * alignment;
  char* const memory = reinterpret_cast<char*>(start);
  for (int64_t point = 0; point < n; point++) {
    std::memcpy(memory, s + point * program->m, program->m * sizeof(double));
    for (int64_t i = 0; i < program->n_operations; i++) {
      const Operation& op = program->operations[i];
      STEPS[op.kind][op.is_float](op, memory);
    }
    for (int64_t j = 0; j < program->n_outputs; j++)
      out[j * n + point] = *reinterpret_cast<const double*>(memory + program->outputs[j]);
  }
}
