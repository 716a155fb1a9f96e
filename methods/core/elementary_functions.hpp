// exp, log and tanh written out, so that compilers vectorise them; they are exact to a few units in the last place. For
// kernels of this machine and for exported headers (methods/export), which begin with this text.

inline double exp_of(double x) {
  x = x < -708.0 ? -708.0 : x > 709.0 ? 709.0 : x;
  // Adding 1.5 * 2^52 rounds to a whole number n, which then stands in the lowest bits. Subtracting it at once would give
  // x * log2(e) itself where compilers may reorder sums (-ffast-math); so 4096 is added to these bits in between.
  const double shifted = x * 1.4426950408889634 + 6755399441055744.0;
  std::uint64_t bits, moved;
  std::memcpy(&bits, &shifted, 8);
  moved = bits + 4096;
  double n;
  std::memcpy(&n, &moved, 8);
  n -= 6755399441059840.0;
  const double r = (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
  double p = 1.6059043836821613e-10;
  p = p * r + 2.08767569878681e-09, p = p * r + 2.505210838544172e-08, p = p * r + 2.755731922398589e-07;
  p = p * r + 2.7557319223985893e-06, p = p * r + 2.48015873015873e-05, p = p * r + 1.984126984126984e-04;
  p = p * r + 1.388888888888889e-03, p = p * r + 8.333333333333333e-03, p = p * r + 4.1666666666666664e-02;
  p = p * r + 1.6666666666666666e-01, p = p * r + 0.5, p = p * r + 1.0, p = p * r + 1.0;
  double power;
  bits = (bits + 1023) << 52;
  std::memcpy(&power, &bits, 8);
  return p * power;
}

inline double log_of(double x) {  // for normal numbers above 0; nan for nan and infinity, by the last term
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
  return e * 6.93147180369123816490e-01 + (2.0 * f + (2.0 * f * g * p + e * 1.90821492927058770002e-10)) + 0.0 * x;
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

inline double tanh_of(double x) { return std::tanh(x); }

template <class T> struct Abs { static T of(T x) { return x < 0 ? -x : x; } };
template <class T> struct Cos { static T of(T x) { return std::cos(x); } };
template <class T> struct Elu { static T of(T x) { return x > 0 ? x : exp_of(x) - 1; } };
template <class T> struct Exp { static T of(T x) { return exp_of(x); } };
template <class T> struct LeakyRelu { static T of(T x) { return x > 0 ? x : T(0.01) * x; } };
template <class T> struct Log { static T of(T x) { return log_of(x); } };
template <class T> struct Reciprocal { static T of(T x) { return 1 / x; } };
template <class T> struct Relu { static T of(T x) { return x < 0 ? 0 : x; } };
template <class T> struct Silu { static T of(T x) { return x / (1 + exp_of(-x)); } };
template <class T> struct Sin { static T of(T x) { return std::sin(x); } };
template <class T> struct Softplus {
  static T of(T x) { return (x > 0 ? x : 0) + log_of(1 + exp_of(x < 0 ? x : -x)); }
};
template <class T> struct Sqrt { static T of(T x) { return std::sqrt(x); } };
template <class T> struct Square { static T of(T x) { return x * x; } };
template <class T> struct Tanh { static T of(T x) { return tanh_of(x); } };

