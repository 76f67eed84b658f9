#include "attune/Tuning/Search.h"
