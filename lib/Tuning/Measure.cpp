#include "attune/Tuning/Measure.h"
