#include "attune/Tuning/Workload.h"
