#include "attune/Tuning/Database.h"
