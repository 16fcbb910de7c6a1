// The fuzz target without libFuzzer, for machines that have gcc only: scripts from a seeded generator, half of them made of
// plausible packets. Usage: fuzz_loop COUNT SEED

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "fakes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t state;

/** xorshift64*, Vigna 2016. */
static uint32_t draw(void) {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)((state * 0x2545f4914f6cdd1dULL) >> 32);
}

static size_t plausible(uint8_t *out) {
    static const uint8_t packets[][24] = {
        {8, 0x40, 16, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 8, 4, FAKE_FLASH},
        {8, 0x40, 8, 0, 0, 0x80, 0, 0x01, 0x03, 0x0c, 0x00, FAKE_HCI},
        {9, 0x40, 8, 0, 0, 0x80, 0, 32, 0, 0, 0, FAKE_MANAGER},
        {8, 0xc5, 5, 16, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 8, 4, FAKE_CONTROL},
        {0, 7, 0x04, 0x0e, 0x04, 0x01, 0x03, 0x0c, 0x00}, {1, 4, 0x01, 0x03, 0x0c, 0x00},
        {1, 5, 0x01, 0x0a, 0x20, 0x01, 0x01},             {2, 12, 0, 0, 0, 0, 0, 16, 0, 0, 1, 0, 8, 4, 0},
        {2, 8, 0, 16, 0, 0, 2, 0, 0x55, 0xaa, 1},         {2, 6, 0, 16, 0, 0, 3, 0, 2},
    };
    static const uint8_t lengths[] = {20, 12, 12, 21, 9, 6, 7, 15, 11, 9};
    unsigned kind = draw() % sizeof lengths;
    for (size_t i = 0; i < lengths[kind]; i++)
        out[i] = packets[kind][i];
    if (draw() % 4 == 0)
        out[draw() % lengths[kind]] ^= (uint8_t)(1u << draw() % 8);
    return lengths[kind];
}

int main(int argc, char **argv) {
    unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000;
    state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    for (unsigned long n = 0; n < count; n++) {
        uint8_t input[512];
        size_t size = 1;
        input[0] = (uint8_t)draw();
        size_t wanted = 1 + draw() % 480;
        while (size < wanted) {
            if (draw() % 2 == 0)
                size += plausible(input + size);
            else
                input[size++] = (uint8_t)draw();
        }
        LLVMFuzzerTestOneInput(input, size);
    }
    printf("%lu inputs\n", count);
    return 0;
}
