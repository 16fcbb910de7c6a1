#include "event_ring.h"

#define LENGTH_BYTES 2u

static uint32_t at(uint32_t index) {
    return index & (EVENT_RING_BYTES - 1);
}

void event_ring_init(struct event_ring *ring) {
    atomic_init(&ring->written, 0);
    atomic_init(&ring->read, 0);
}

bool event_ring_push(struct event_ring *ring, const uint8_t *data, uint16_t length, uint32_t reserve) {
    uint32_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
    uint32_t read = atomic_load_explicit(&ring->read, memory_order_acquire);
    uint32_t free_bytes = EVENT_RING_BYTES - (written - read);
    if (length == 0 || LENGTH_BYTES + length + reserve > free_bytes)
        return false;
    ring->bytes[at(written)] = (uint8_t)length;
    ring->bytes[at(written + 1)] = (uint8_t)(length >> 8);
    for (uint32_t i = 0; i < length; i++)
        ring->bytes[at(written + LENGTH_BYTES + i)] = data[i];
    atomic_store_explicit(&ring->written, written + LENGTH_BYTES + length, memory_order_release);
    return true;
}

uint16_t event_ring_peek(const struct event_ring *ring) {
    uint32_t written = atomic_load_explicit(&ring->written, memory_order_acquire);
    uint32_t read = atomic_load_explicit(&ring->read, memory_order_relaxed);
    if (written == read)
        return 0;
    return (uint16_t)(ring->bytes[at(read)] | ring->bytes[at(read + 1)] << 8);
}

void event_ring_pop(struct event_ring *ring, uint8_t *out) {
    uint16_t length = event_ring_peek(ring);
    if (length == 0)
        return;
    uint32_t read = atomic_load_explicit(&ring->read, memory_order_relaxed);
    for (uint32_t i = 0; i < length; i++)
        out[i] = ring->bytes[at(read + LENGTH_BYTES + i)];
    atomic_store_explicit(&ring->read, read + LENGTH_BYTES + length, memory_order_release);
}
