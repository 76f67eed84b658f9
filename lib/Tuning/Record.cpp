#include "attune/Tuning/Record.h"
