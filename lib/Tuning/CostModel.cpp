#include "attune/Tuning/CostModel.h"
