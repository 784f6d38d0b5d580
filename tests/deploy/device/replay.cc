// program preparation.json < rows.jsonl: each row's tensors by name, as hexadecimal floats and whole numbers.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

#include "preparation.hpp"

int main(int, char** arguments) {
  std::ifstream file(arguments[1], std::ios::binary);
  std::ostringstream held;
  held << file.rdbuf();
  const modelwright::Preparation preparation(held.str());
  for (std::string line; std::getline(std::cin, line);) {
    for (const auto& [name, tensor] : preparation.tensors(modelwright::row_of(modelwright::Json::parse(line)))) {
      std::printf("%s", name.c_str());
      for (float one : tensor.floats) std::printf(" %.9g", static_cast<double>(one));
      for (int32_t one : tensor.integers) std::printf(" %d", one);
      std::printf("\n");
    }
  }
}
