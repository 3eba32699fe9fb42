#include "runtime/names.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"

static const char *const adjectives[] = {"able", "amber", "apt", "brave", "bright", "brisk", "calm", "candid", "careful", "cheerful", "clear",
	"clever", "crisp", "curious", "deft", "eager", "early", "earnest", "easy", "even", "fair", "fast", "fine", "fond", "frank", "free", "fresh",
	"gentle", "glad", "golden", "good", "grand", "great", "green", "happy", "hardy", "honest", "humble", "keen", "kind", "large", "light",
	"lively", "loyal", "lucid", "lucky", "mellow", "merry", "mild", "modest", "neat", "nimble", "noble", "open", "patient", "plain", "polite",
	"prime", "proud", "quick", "quiet", "rapid", "ready", "robust", "round", "sharp", "silent", "simple", "sincere", "smart", "smooth", "snug",
	"sober", "solid", "sound", "steady", "still", "strong", "sunny", "sure", "swift", "tidy", "true", "upbeat", "vast", "vivid", "warm", "wise",
	"witty", "young"};

/* Of people who measured, wrote, built or counted something. */
static const char *const surnames[] = {"abel", "alhazen", "ampere", "bardeen", "bell", "bernoulli", "biruni", "bohr", "boole", "bose", "braille",
	"brahe", "cauchy", "cavendish", "chandra", "church", "copernicus", "coulomb", "curie", "daguerre", "dalton", "darwin", "diesel", "dirac",
	"euclid", "euler", "faraday", "fermat", "fermi", "fibonacci", "fourier", "franklin", "fresnel", "galois", "galvani", "gauss", "germain",
	"gilbert", "goedel", "gutenberg", "hamilton", "harrison", "heo", "herschel", "hertz", "hilbert", "hooke", "hopper", "huygens", "jacobi",
	"jang", "joule", "kelvin", "kepler", "khwarizmi", "kovalevskaya", "lagrange", "laplace", "lavoisier", "leibniz", "linnaeus", "lovelace",
	"maxwell", "meitner", "mendel", "napier", "newton", "noether", "ohm", "pascal", "pasteur", "planck", "poincare", "ramanujan", "riemann",
	"ritchie", "seki", "sejong", "shannon", "somerville", "tesla", "torricelli", "turing", "volta", "wallis", "watt", "wiener", "yukawa", "zhang",
	"zuse"};

bool container_name_valid(struct str name)
{
	if (name.len < 2 || name.len > NAME_MAX_LENGTH)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.data[i];
		bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (!word && (i == 0 || (c != '_' && c != '.' && c != '-')))
			return false;
	}
	return true;
}

char *container_name_random(unsigned int attempt)
{
	uint16_t random[3];

	random_bytes(random, sizeof random);
	const char *adjective = adjectives[random[0] % ARRAY_SIZE(adjectives)], *surname = surnames[random[1] % ARRAY_SIZE(surnames)];
	return attempt == 0 ? mem_printf("%s_%s", adjective, surname) : mem_printf("%s_%s%u", adjective, surname, random[2] % 10u);
}
