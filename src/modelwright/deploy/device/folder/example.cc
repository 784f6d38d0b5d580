// Answers the golden rows with LiteRT, and says whether they are what they must be:
//   g++ -std=c++17 -O2 -ffp-contract=off example.cc model.cc -L LITERT -lLiteRt -Wl,-rpath,LITERT -o example
// where LITERT holds libLiteRt.so (pip install ai-edge-litert brings it, beside the package's Python files).
#include <cmath>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "litert.hpp"
#include "model.h"
#include "preparation.hpp"

using namespace modelwright;

static std::string content(const char* name) {
  std::ifstream file(name, std::ios::binary);
  std::ostringstream held;
  held << file.rdbuf();
  return held.str();
}

int main() {
  const Preparation preparation(content("preparation.json"));
  const Json golden = Json::parse(content("golden.json"));
  Model answering(model, model_size);
  const std::vector<Json>& rows = golden.at("rows").list;
  for (size_t place = 0; place < rows.size(); ++place) {
    const Answer answer = preparation.answer(answering.run(preparation.tensors(row_of(rows[place]))));
    std::printf("%s", answer.prediction.c_str());
    for (size_t output = 0; output < answer.outputs.size(); ++output) {
      const double expected = golden.at("outputs").list[place].list[output].number;
      std::printf(" %.9g", answer.outputs[output]);
      if (std::abs(answer.outputs[output] - expected) > golden.at("tolerance").list[output].number) {
        std::printf(" instead of %.9g\n", expected);
        return 1;
      }
    }
    std::printf("\n");
  }
  return 0;
}
