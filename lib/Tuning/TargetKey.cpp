#include "attune/Tuning/TargetKey.h"
