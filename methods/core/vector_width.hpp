// Bytes of a vector of numbers, of the widest ones that this machine has. Each kernel includes it.
#ifdef __AVX512F__
constexpr int BYTES = 64;
#elif defined(__AVX__)
constexpr int BYTES = 32;
#else
constexpr int BYTES = 16;
#endif
