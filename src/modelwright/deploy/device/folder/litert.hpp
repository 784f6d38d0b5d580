// A LiteRT model of one row, run on the processor: as much of LiteRT's C interface as that takes, declared here, so
// that its library (libLiteRt) is all that is needed. With LiteRT's own headers, include those instead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "preparation.hpp"

extern "C" {
typedef struct LiteRtEnvironmentT* LiteRtEnvironment;
typedef struct LiteRtModelT* LiteRtModel;
typedef struct LiteRtOptionsT* LiteRtOptions;
typedef struct LiteRtCompiledModelT* LiteRtCompiledModel;
typedef struct LiteRtSignatureT* LiteRtSignature;
typedef struct LiteRtTensorT* LiteRtTensor;
typedef struct LiteRtTensorBufferT* LiteRtTensorBuffer;
typedef struct LiteRtTensorBufferRequirementsT* LiteRtTensorBufferRequirements;
struct LiteRtRankedTensorType {  // what it holds is not looked into here
  int32_t element_type;
  uint32_t layout[18];
};

int LiteRtCreateEnvironment(int options, const void* values, LiteRtEnvironment*);
void LiteRtDestroyEnvironment(LiteRtEnvironment);
int LiteRtCreateModelFromBuffer(LiteRtEnvironment, const void* bytes, size_t size, LiteRtModel*);
void LiteRtDestroyModel(LiteRtModel);
int LiteRtGetModelSignature(LiteRtModel, size_t index, LiteRtSignature*);
int LiteRtGetNumSignatureInputs(LiteRtSignature, size_t*);
int LiteRtGetSignatureInputName(LiteRtSignature, size_t index, const char**);
int LiteRtGetSignatureInputTensorByIndex(LiteRtSignature, size_t index, LiteRtTensor*);
int LiteRtGetSignatureOutputTensorByIndex(LiteRtSignature, size_t index, LiteRtTensor*);
int LiteRtGetRankedTensorType(LiteRtTensor, LiteRtRankedTensorType*);
int LiteRtCreateOptions(LiteRtOptions*);
void LiteRtDestroyOptions(LiteRtOptions);
int LiteRtSetOptionsHardwareAccelerators(LiteRtOptions, int accelerators);
int LiteRtCreateCompiledModel(LiteRtEnvironment, LiteRtModel, LiteRtOptions, LiteRtCompiledModel*);
void LiteRtDestroyCompiledModel(LiteRtCompiledModel);
int LiteRtGetCompiledModelInputBufferRequirements(LiteRtCompiledModel, size_t signature, size_t index,
                                                  LiteRtTensorBufferRequirements*);
int LiteRtGetCompiledModelOutputBufferRequirements(LiteRtCompiledModel, size_t signature, size_t index,
                                                   LiteRtTensorBufferRequirements*);
int LiteRtCreateManagedTensorBufferFromRequirements(LiteRtEnvironment, const LiteRtRankedTensorType*,
                                                    LiteRtTensorBufferRequirements, LiteRtTensorBuffer*);
void LiteRtDestroyTensorBuffer(LiteRtTensorBuffer);
int LiteRtGetTensorBufferPackedSize(LiteRtTensorBuffer, size_t*);
int LiteRtLockTensorBuffer(LiteRtTensorBuffer, void** address, int mode);
int LiteRtUnlockTensorBuffer(LiteRtTensorBuffer);
int LiteRtRunCompiledModel(LiteRtCompiledModel, size_t signature, size_t inputs, LiteRtTensorBuffer*, size_t outputs,
                           LiteRtTensorBuffer*);
}

namespace modelwright {

class Model {
 public:
  // The bytes must stay where they are for as long as the model is used: a C array, or a file in memory.
  Model(const void* bytes, size_t size) {
    check(LiteRtCreateEnvironment(0, nullptr, &environment_), "environment");
    check(LiteRtCreateModelFromBuffer(environment_, bytes, size, &model_), "model");
    LiteRtOptions options = nullptr;
    check(LiteRtCreateOptions(&options), "options");
    check(LiteRtSetOptionsHardwareAccelerators(options, kProcessor), "processor");
    check(LiteRtCreateCompiledModel(environment_, model_, options, &compiled_), "compiled model");
    LiteRtDestroyOptions(options);
    LiteRtSignature signature = nullptr;
    check(LiteRtGetModelSignature(model_, 0, &signature), "signature");
    size_t count = 0;
    check(LiteRtGetNumSignatureInputs(signature, &count), "inputs");
    for (size_t index = 0; index < count; ++index) {
      const char* name = nullptr;
      LiteRtTensor tensor = nullptr;
      LiteRtTensorBufferRequirements needs = nullptr;
      check(LiteRtGetSignatureInputName(signature, index, &name), "input");
      check(LiteRtGetSignatureInputTensorByIndex(signature, index, &tensor), name);
      check(LiteRtGetCompiledModelInputBufferRequirements(compiled_, 0, index, &needs), name);
      names_.push_back(name);
      inputs_.push_back(buffer(tensor, needs));
    }
    LiteRtTensor tensor = nullptr;
    LiteRtTensorBufferRequirements needs = nullptr;
    check(LiteRtGetSignatureOutputTensorByIndex(signature, 0, &tensor), "output");
    check(LiteRtGetCompiledModelOutputBufferRequirements(compiled_, 0, 0, &needs), "output");
    output_ = buffer(tensor, needs);
  }

  ~Model() {
    for (LiteRtTensorBuffer one : inputs_) LiteRtDestroyTensorBuffer(one);
    if (output_) LiteRtDestroyTensorBuffer(output_);
    if (compiled_) LiteRtDestroyCompiledModel(compiled_);
    if (model_) LiteRtDestroyModel(model_);
    if (environment_) LiteRtDestroyEnvironment(environment_);
  }
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  // The model's output for one row's tensors.
  std::vector<float> run(const std::map<std::string, Tensor>& tensors) {
    for (size_t index = 0; index < inputs_.size(); ++index) {
      const Tensor& tensor = tensors.at(names_[index]);
      if (tensor.bytes() != bytes_of(inputs_[index])) throw std::runtime_error(names_[index] + " has another size");
      std::memcpy(locked(inputs_[index], kWrite), tensor.data(), tensor.bytes());
      check(LiteRtUnlockTensorBuffer(inputs_[index]), "unlock");
    }
    check(LiteRtRunCompiledModel(compiled_, 0, inputs_.size(), inputs_.data(), 1, &output_), "run");
    const float* values = static_cast<const float*>(locked(output_, kRead));
    std::vector<float> answer(values, values + bytes_of(output_) / sizeof(float));
    check(LiteRtUnlockTensorBuffer(output_), "unlock");
    return answer;
  }

 private:
  static constexpr int kProcessor = 1, kRead = 0, kWrite = 1;

  static void check(int status, const char* what) {
    if (status != 0) throw std::runtime_error(std::string("LiteRT: ") + what + ": status " + std::to_string(status));
  }
  LiteRtTensorBuffer buffer(LiteRtTensor tensor, LiteRtTensorBufferRequirements needs) {
    LiteRtRankedTensorType type{};
    LiteRtTensorBuffer made = nullptr;
    check(LiteRtGetRankedTensorType(tensor, &type), "type");
    check(LiteRtCreateManagedTensorBufferFromRequirements(environment_, &type, needs, &made), "buffer");
    return made;
  }
  static void* locked(LiteRtTensorBuffer one, int mode) {
    void* address = nullptr;
    check(LiteRtLockTensorBuffer(one, &address, mode), "lock");
    return address;
  }
  static size_t bytes_of(LiteRtTensorBuffer one) {
    size_t size = 0;
    check(LiteRtGetTensorBufferPackedSize(one, &size), "size");
    return size;
  }

  LiteRtEnvironment environment_ = nullptr;
  LiteRtModel model_ = nullptr;
  LiteRtCompiledModel compiled_ = nullptr;
  std::vector<std::string> names_;
  std::vector<LiteRtTensorBuffer> inputs_;
  LiteRtTensorBuffer output_ = nullptr;
};

}  // namespace modelwright
