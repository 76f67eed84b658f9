#include "attune/Tuning/KernelTask.h"
