// Raw values to tensors, and an answer's numbers to an answer: preparation.json followed in C++17.
//
// A row is a map of name -> number (dates: seconds since 1970-01-01T00:00 UTC) or UTF-8 text; what is missing is
// left out, NaN or empty. It needs no library. In JavaScript: preparation.mjs; in Python: preparation.py; all three
// say the same, to the last bit where the compiler keeps to IEEE arithmetic: no -ffast-math, and -ffp-contract=off.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace modelwright {

// A JSON value: as much of the format as preparation.json and golden.json use.
struct Json {
  enum Kind { kNull, kBool, kNumber, kText, kList, kObject } kind = kNull;
  double number = 0;
  std::string text;
  std::vector<Json> list;
  std::map<std::string, Json> object;

  const Json& at(const std::string& name) const {
    auto found = object.find(name);
    if (found == object.end()) throw std::runtime_error("no member " + name);
    return found->second;
  }
  bool has(const std::string& name) const { return object.count(name) > 0; }
  static Json parse(const std::string& source) {
    const char* place = source.c_str();
    return parse_value(place);
  }

 private:
  static void skip(const char*& at) {
    while (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r') ++at;
  }
  static Json parse_value(const char*& at) {
    skip(at);
    Json value;
    if (*at == '{') {
      value.kind = kObject;
      for (skip(++at); *at != '}'; skip(at)) {
        std::string name = parse_text(at);
        skip(at);
        expect(at, ':');
        value.object.emplace(std::move(name), parse_value(at));
        skip(at);
        if (*at == ',') skip(++at);
      }
      ++at;
    } else if (*at == '[') {
      value.kind = kList;
      for (skip(++at); *at != ']'; skip(at)) {
        value.list.push_back(parse_value(at));
        skip(at);
        if (*at == ',') skip(++at);
      }
      ++at;
    } else if (*at == '"') {
      value.kind = kText;
      value.text = parse_text(at);
    } else if (*at == 't' || *at == 'f') {
      value.kind = kBool;
      value.number = *at == 't';
      at += *at == 't' ? 4 : 5;
    } else if (*at == 'n') {
      at += 4;
    } else {
      char* end = nullptr;
      value.kind = kNumber;
      value.number = std::strtod(at, &end);
      if (end == at) throw std::runtime_error("not JSON");
      at = end;
    }
    return value;
  }
  static std::string parse_text(const char*& at) {
    std::string text;
    for (expect(at, '"'); *at != '"'; ++at) {
      if (*at == '\0') throw std::runtime_error("JSON that ends in a text");
      if (*at != '\\') {
        text += *at;
        continue;
      }
      switch (*++at) {
        case 'n': text += '\n'; break;
        case 't': text += '\t'; break;
        case 'r': text += '\r'; break;
        case 'b': text += '\b'; break;
        case 'f': text += '\f'; break;
        case 'u': append(text, parse_escape(at)); break;
        default: text += *at;
      }
    }
    ++at;
    return text;
  }
  static uint32_t parse_escape(const char*& at) {  // stands at the u, and is left at the last digit
    uint32_t code = std::strtoul(std::string(at + 1, 4).c_str(), nullptr, 16);
    at += 4;
    if (code < 0xD800 || code > 0xDBFF || at[1] != '\\' || at[2] != 'u') return code;
    uint32_t low = std::strtoul(std::string(at + 3, 4).c_str(), nullptr, 16);
    at += 6;
    return 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  static void append(std::string& text, uint32_t code) {
    if (code < 0x80) {
      text += static_cast<char>(code);
      return;
    }
    const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    const int heads[] = {0, 0xC0, 0xE0, 0xF0};
    text += static_cast<char>(heads[more] | (code >> (6 * more)));
    for (int part = more - 1; part >= 0; --part) text += static_cast<char>(0x80 | ((code >> (6 * part)) & 0x3F));
  }
  static void expect(const char*& at, char sign) {
    if (*at++ != sign) throw std::runtime_error(std::string("JSON without ") + sign);
  }
};

struct Cell {
  double number = std::numeric_limits<double>::quiet_NaN();
  std::string text;
};
using Row = std::map<std::string, Cell>;

// One tensor: the numbers that its type has, in the order of its shape.
struct Tensor {
  std::vector<float> floats;
  std::vector<int32_t> integers;
  const void* data() const { return floats.empty() ? static_cast<const void*>(integers.data()) : floats.data(); }
  size_t bytes() const { return 4 * (floats.size() + integers.size()); }
};

struct Answer {
  std::string prediction;       // a class; empty where values are answered
  std::vector<double> outputs;  // probabilities in the order of the classes, or values in the order of the targets
};

// The next character of a UTF-8 text; moves on.
inline uint32_t next_code(const std::string& text, size_t& at) {
  const unsigned char head = text[at++];
  const int more = head < 0xC0 ? 0 : head < 0xE0 ? 1 : head < 0xF0 ? 2 : 3;
  uint32_t code = more == 0 ? head : head & (0x3F >> more);
  for (int part = 0; part < more && at < text.size(); ++part) code = (code << 6) | (text[at++] & 0x3F);
  return code;
}

inline bool is_blank(uint32_t code) {
  return (code >= 9 && code <= 13) || code == 32 || code == 0x85 || code == 0xA0 || code == 0x1680 ||
         (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 || code == 0x202F || code == 0x205F ||
         code == 0x3000;
}

inline std::string stripped(const std::string& text) {
  size_t begin = text.size(), end = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t start = at;
    if (is_blank(next_code(text, at))) continue;
    begin = std::min(begin, start);
    end = at;
  }
  return begin < end ? text.substr(begin, end - begin) : "";
}

// preparation.json's "token": runs of these, or one of those.
inline bool in_word(uint32_t code) {
  return (code >= '0' && code <= '9') || (code >= 'a' && code <= 'z') || code == '_' ||
         (code >= 0xC0 && code <= 0x1FFF);
}
inline bool is_sign(uint32_t code) {
  return code == '!' || code == '?' || code == '$' || code == '%' || (code >= 0xA1 && code <= 0xBF) ||
         (code >= 0x2000 && code <= 0x10FFFF);
}

inline std::vector<std::string> split(std::string text) {
  for (char& one : text) {
    if (one >= 'A' && one <= 'Z') one += 'a' - 'A';  // no other alphabet is lowered
  }
  std::vector<std::string> tokens;
  bool running = false;
  for (size_t at = 0; at < text.size();) {
    const size_t start = at;
    const uint32_t code = next_code(text, at);
    const std::string sign = text.substr(start, at - start);
    if (in_word(code) && running) {
      tokens.back() += sign;
    } else if (in_word(code) || is_sign(code)) {
      tokens.push_back(sign);
    }
    running = in_word(code);
  }
  return tokens;
}

class Preparation {
 public:
  explicit Preparation(const std::string& json) : said_(Json::parse(json)) {
    for (const Json& one : said_.at("categories").list) known_.push_back(places(one.at("kept").list, 2));
    for (const Json& one : said_.at("texts").list) {
      words_.push_back(places(one.at("words").list, 0));
      std::map<std::pair<int, int>, int> terms;
      if (one.has("terms")) {
        for (const Json& term : one.at("terms").list) {
          const int place = static_cast<int>(terms.size());
          terms[{static_cast<int>(term.list[0].number), static_cast<int>(term.list[1].number)}] = place;
        }
      }
      terms_.push_back(std::move(terms));
    }
  }

  // The model's inputs for one row, by name.
  std::map<std::string, Tensor> tensors(const Row& row) const {
    Row values;
    for (const Json& field : said_.at("fields").list) values[field.at("name").text] = read(field, row);
    std::map<std::string, Tensor> made;
    for (const Json& one : said_.at("tensors").list) {
      const std::string& name = one.at("name").text;
      Tensor& tensor = made[name];
      if (name == "numbers") tensor.floats = numbers(values);
      if (name == "codes") tensor.integers = codes(values);
      if (name == "tokens") tensor.integers = tokens(values);
      if (name == "design") tensor.floats = design(values);
    }
    return made;
  }

  // What the model's output means.
  Answer answer(const std::vector<float>& raw) const {
    const Json& how = said_.at("answer");
    const std::vector<Json>& classes = how.at("classes").list;
    Answer found;
    for (size_t place = 0; place < raw.size(); ++place) {
      const double value = raw[place];
      found.outputs.push_back(
          classes.empty() ? value * how.at("scale").list[place].number + how.at("centre").list[place].number : value);
    }
    if (classes.empty()) return found;
    if (raw.size() == 1) found.outputs.insert(found.outputs.begin(), 1.0 - found.outputs[0]);
    size_t place = std::max_element(found.outputs.begin(), found.outputs.end()) - found.outputs.begin();
    if (how.at("kind").text == "binary") place = found.outputs[1] >= how.at("threshold").number;
    found.prediction = classes[place].text;
    return found;
  }

 private:
  using Places = std::unordered_map<std::string, int>;

  static Places places(const std::vector<Json>& names, int first) {
    Places found;
    for (const Json& one : names) found.emplace(one.text, first + static_cast<int>(found.size()));
    return found;
  }

  static Cell read(const Json& field, const Row& row) {
    auto found = row.find(field.at("name").text);
    Cell cell = found == row.end() ? Cell() : found->second;
    const std::string bare = stripped(cell.text);
    bool missing = bare.empty();
    for (const Json& token : field.at("missing").list) {
      if (field.at("type").text == "string") {
        missing = missing || stripped(token.text) == bare;
      } else {
        char* end = nullptr;
        const double number = std::strtod(token.text.c_str(), &end);
        if (end != token.text.c_str() && stripped(end).empty() && number == cell.number) cell = Cell();
      }
    }
    if (missing) cell.text.clear();
    return cell;
  }

  std::vector<float> numbers(const Row& values) const {
    const double most = said_.at("most_deviations").number;
    std::vector<float> found, indicators;
    for (const Json& one : said_.at("numbers").list) {
      double value = values.at(one.at("column").text).number;
      if (one.at("part").text != "value") value = date_part(value, one.at("part").text);
      const bool missing = std::isnan(value);
      const double filled = missing ? one.at("median").number : value;
      const double deviations = (filled - one.at("centre").number) / one.at("scale").number;
      found.push_back(static_cast<float>(std::min(std::max(deviations, -most), most)));
      if (one.at("indicator").number != 0) indicators.push_back(missing);
    }
    found.insert(found.end(), indicators.begin(), indicators.end());
    return found;
  }

  // Howard Hinnant's civil_from_days; years begin in March, so that all numbers are positive.
  double date_part(double seconds, const std::string& part) const {
    if (std::isnan(seconds)) return seconds;
    const double day = 86400;
    const double moment = std::min(std::max(seconds, said_.at("first_second").number), said_.at("last_second").number);
    if (part == "days") return moment / day;
    const int64_t second = static_cast<int64_t>(std::floor(moment)) + int64_t{719468} * 86400;
    const int64_t days = second / 86400, era = days / 146097, day_of_era = days - era * 146097;
    const int64_t years = day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096;
    const int64_t year_of_era = years / 365;
    const int64_t from_march = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t shifted = (5 * from_march + 2) / 153, after_december = shifted / 10;
    const int64_t year = year_of_era + era * 400 + after_december;
    const int64_t leap = (year % 4 == 0) - (year % 100 == 0) + (year % 400 == 0);
    if (part == "year") return static_cast<double>(year);
    if (part == "month") return static_cast<double>(shifted + 3 - 12 * after_december);
    if (part == "day") return static_cast<double>(from_march - (153 * shifted + 2) / 5 + 1);
    if (part == "weekday") return static_cast<double>((days + 2) % 7);
    if (part == "hour") return static_cast<double>((second - days * 86400) / 3600);
    return static_cast<double>(from_march + 60 + leap - after_december * (365 + leap));
  }

  std::vector<int32_t> codes(const Row& values) const {
    std::vector<int32_t> found;
    for (size_t place = 0; place < known_.size(); ++place) {
      const std::string& text = values.at(said_.at("categories").list[place].at("column").text).text;
      auto code = known_[place].find(text);
      found.push_back(text.empty() ? 0 : code == known_[place].end() ? 1 : code->second);
    }
    return found;
  }

  // A text's tokens as places in the vocabulary, -1 for others.
  std::vector<int> known_words(size_t place, const Row& values) const {
    std::vector<int> found;
    for (const std::string& token : split(values.at(said_.at("texts").list[place].at("column").text).text)) {
      auto word = words_[place].find(token);
      found.push_back(word == words_[place].end() ? -1 : word->second);
    }
    return found;
  }

  std::vector<int32_t> tokens(const Row& values) const {
    const size_t length = static_cast<size_t>(said_.at("max_tokens").number);
    std::vector<int32_t> found;
    for (size_t place = 0; place < words_.size(); ++place) {
      const std::vector<int> known = known_words(place, values);
      const int counted = static_cast<int>(said_.at("texts").list[place].at("counted_words").number);
      for (size_t at = 0; at < length; ++at) {
        const bool counts = at < known.size() && known[at] >= 0 && known[at] < counted;
        found.push_back(at >= known.size() ? 0 : counts ? 2 + known[at] : 1);
      }
    }
    return found;
  }

  // Each term's weight: (1 + log of its count) x rarity, all scaled to length 1.
  std::vector<float> bag(size_t place, const Row& values) const {
    const std::vector<int> words = known_words(place, values);
    std::map<int, size_t> counts;
    auto count = [&](int first, int second) {
      auto term = terms_[place].find({first, second});
      if (term != terms_[place].end()) ++counts[term->second];
    };
    for (size_t at = 0; at < words.size(); ++at) {
      if (words[at] >= 0) count(words[at], -1);
      if (at > 0 && words[at] >= 0 && words[at - 1] >= 0) count(words[at - 1], words[at]);
    }
    const std::vector<Json>& logarithms = said_.at("logarithms").list;
    std::vector<std::pair<int, double>> weights;
    double total = 0;
    for (const auto& [term, times] : counts) {
      const double logarithm = logarithms[std::min(times, logarithms.size()) - 1].number;
      const double weight = (1 + logarithm) * said_.at("texts").list[place].at("rarity").list[term].number;
      weights.emplace_back(term, weight);
      total += weight * weight;
    }
    std::vector<float> found(terms_[place].size(), 0.0f);
    for (const auto& [term, weight] : weights) found[term] = static_cast<float>(weight / std::sqrt(total));
    return found;
  }

  // Numbers, each category's codes as 0 and 1, and the bags.
  std::vector<float> design(const Row& values) const {
    std::vector<float> found = numbers(values), bags;
    const std::vector<int32_t> chosen = codes(values);
    for (size_t place = 0; place < known_.size(); ++place) {
      const int size = static_cast<int>(known_[place].size()) + 2;
      for (int code = 0; code < size; ++code) found.push_back(code == chosen[place]);
    }
    for (size_t place = 0; place < words_.size(); ++place) {
      const std::vector<float> part = bag(place, values);
      bags.insert(bags.end(), part.begin(), part.end());
    }
    if (said_.at("terms").kind == Json::kNull) found.insert(found.end(), bags.begin(), bags.end());
    for (const Json& term : said_.at("terms").list) found.push_back(bags[static_cast<size_t>(term.number)]);
    return found;
  }

  Json said_;
  std::vector<Places> known_, words_;
  std::vector<std::map<std::pair<int, int>, int>> terms_;
};

// A row of golden.json, or any JSON object of numbers, texts and nulls.
inline Row row_of(const Json& object) {
  Row row;
  for (const auto& [name, value] : object.object) {
    if (value.kind == Json::kNumber) row[name].number = value.number;
    if (value.kind == Json::kText) row[name].text = value.text;
  }
  return row;
}

}  // namespace modelwright
