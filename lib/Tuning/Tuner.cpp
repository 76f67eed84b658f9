#include "attune/Tuning/Tuner.h"
