#include "attune/Kernel/LaunchShapes.h"
