# The runtime's tokenizers, relative to lib/Runtime.
set(ATTUNE_TOKENIZER_SOURCES
  Tokenizer/AddedTokens.cpp
  Tokenizer/BPE.cpp
  Tokenizer/CharacterMap.cpp
  Tokenizer/Image.cpp
  Tokenizer/Normalizer.cpp
  Tokenizer/PreTokenizer.cpp
  Tokenizer/SubwordModel.cpp
  Tokenizer/Tokenizer.cpp
  Tokenizer/Unicode.cpp
  Tokenizer/UnicodeNormalization.cpp
  Tokenizer/Unigram.cpp
  Tokenizer/WordPiece.cpp)
