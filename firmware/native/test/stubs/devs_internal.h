#pragma once

// Test double: the part of DeviceScript's internal header that the component uses. fake_machine.c plays the program.

#include <stdint.h>

typedef struct devs_fiber {
    struct devs_fiber *next;
    /** Milliseconds on the program's clock; 0 if it waits for something else. */
    uint32_t wake_time;
} devs_fiber_t;

typedef struct devs_ctx {
    devs_fiber_t *fibers;
    uint64_t _now_long;
} devs_ctx_t;

static inline uint32_t devs_now(devs_ctx_t *ctx) {
    return (uint32_t)ctx->_now_long;
}

unsigned devs_fiber_get_max_sleep(devs_ctx_t *ctx);
