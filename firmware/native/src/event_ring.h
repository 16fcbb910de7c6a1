#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes of the ring; a power of two. A report is 46 bytes at most, so some 85 of them wait here. */
#define EVENT_RING_BYTES 4096u

/**
 * Queue of byte strings from one writing task (the controller's) to one reading task (the main loop), without a lock:
 * each side moves its own index only. Indexes count bytes since the start and wrap at 2^32.
 */
struct event_ring {
    atomic_uint_least32_t written;
    atomic_uint_least32_t read;
    uint8_t bytes[EVENT_RING_BYTES];
};

void event_ring_init(struct event_ring *ring);

/** Writer: appends a copy of `data` (1 to 65,535 bytes) if at least `reserve` bytes remain free afterwards. */
bool event_ring_push(struct event_ring *ring, const uint8_t *data, uint16_t length, uint32_t reserve);

/** Reader: length of the oldest string, 0 if there is none. */
uint16_t event_ring_peek(const struct event_ring *ring);

/** Reader: moves the oldest string to `out`, which has room for event_ring_peek() bytes. */
void event_ring_pop(struct event_ring *ring, uint8_t *out);
