#include "flash_bridge.h"

#include <stdbool.h>
#include <string.h>

#include "bytes.h"

#define READ_BYTES 12u
#define PROGRAM_HEADER_BYTES 6u
#define ERASE_BYTES 6u
#define REPORT_HEADER_BYTES 7u

static size_t report_header(uint8_t *report, uint32_t offset, uint16_t id, enum flash_status status) {
    put_u32(report, offset);
    put_u16(report + 4, id);
    report[6] = (uint8_t)status;
    return REPORT_HEADER_BYTES;
}

static size_t handle_read(const struct flash_cells *cells, const uint8_t *payload, uint8_t *report) {
    uint32_t offset = get_u32(payload);
    uint32_t stride = get_u32(payload + 4);
    uint16_t id = get_u16(payload + 8);
    uint32_t length = payload[10];
    uint32_t count = payload[11];
    if (length == 0 || count == 0 || length * count > FLASH_TRANSFER_BYTES)
        return report_header(report, offset, id, FLASH_OUT_OF_RANGE);
    // 64 bits: a hostile stride must not wrap around into range.
    uint64_t end = (uint64_t)offset + (uint64_t)stride * (count - 1) + length;
    if (end > cells->size)
        return report_header(report, offset, id, FLASH_OUT_OF_RANGE);
    for (uint32_t k = 0; k < count; k++)
        if (!cells->read(cells->context, offset + k * stride, report + REPORT_HEADER_BYTES + k * length, length))
            return report_header(report, offset, id, FLASH_FAULT);
    return report_header(report, offset, id, FLASH_OK) + length * count;
}

static enum flash_status program(const struct flash_cells *cells, uint32_t offset, const uint8_t *data,
                                 uint32_t length) {
    uint8_t held[FLASH_TRANSFER_BYTES];
    if (length == 0 || length > FLASH_TRANSFER_BYTES || offset >= cells->size ||
        offset % FLASH_SECTOR_BYTES + length > FLASH_SECTOR_BYTES)
        return FLASH_OUT_OF_RANGE;
    if (!cells->read(cells->context, offset, held, length))
        return FLASH_FAULT;
    for (uint32_t i = 0; i < length; i++)
        if ((held[i] & data[i]) != data[i])
            return FLASH_NOT_ERASED;
    if (!cells->program(cells->context, offset, data, length) || !cells->read(cells->context, offset, held, length))
        return FLASH_FAULT;
    return memcmp(held, data, length) == 0 ? FLASH_OK : FLASH_FAULT;
}

static enum flash_status erase(const struct flash_cells *cells, uint32_t offset) {
    if (offset >= cells->size || offset % FLASH_SECTOR_BYTES != 0)
        return FLASH_OUT_OF_RANGE;
    return cells->erase_sector(cells->context, offset) ? FLASH_OK : FLASH_FAULT;
}

size_t flash_bridge_handle(const struct flash_cells *cells, uint16_t command, const uint8_t *payload, size_t length,
                           uint8_t *report) {
    if (command == FLASH_READ && length >= READ_BYTES)
        return handle_read(cells, payload, report);
    if (command == FLASH_PROGRAM && length >= PROGRAM_HEADER_BYTES) {
        uint32_t offset = get_u32(payload);
        enum flash_status status = program(cells, offset, payload + PROGRAM_HEADER_BYTES,
                                           (uint32_t)(length - PROGRAM_HEADER_BYTES));
        return report_header(report, offset, get_u16(payload + 4), status);
    }
    if (command == FLASH_ERASE && length >= ERASE_BYTES) {
        uint32_t offset = get_u32(payload);
        return report_header(report, offset, get_u16(payload + 4), erase(cells, offset));
    }
    return 0;
}
