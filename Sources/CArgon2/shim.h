// Argon2 (RFC 9106), for the passwords of mosquitto 2.1. No logic lives here.
#ifndef CARGON2_SHIM_H
#define CARGON2_SHIM_H
#include <argon2.h>
#endif
