#include "CHoldfastSystem.h"
