#pragma once

#include <stddef.h>
#include <stdint.h>

#define FLASH_SECTOR_BYTES 4096u

/** Most bytes that one command reads or programs. */
#define FLASH_TRANSFER_BYTES 224u

/** Most bytes of a report: offset 4, id 2, status 1, data. */
#define FLASH_REPORT_BYTES (7u + FLASH_TRANSFER_BYTES)

/** Commands of services/flashstore.md. */
enum flash_command { FLASH_READ = 0x80, FLASH_PROGRAM = 0x81, FLASH_ERASE = 0x82 };

enum flash_status { FLASH_OK = 0, FLASH_OUT_OF_RANGE = 1, FLASH_NOT_ERASED = 2, FLASH_FAULT = 3 };

/** The cells behind the service; each function returns whether it succeeded. */
struct flash_cells {
    int (*read)(void *context, uint32_t offset, uint8_t *out, uint32_t length);
    int (*program)(void *context, uint32_t offset, const uint8_t *data, uint32_t length);
    int (*erase_sector)(void *context, uint32_t offset);
    void *context;
    /** Bytes, a multiple of FLASH_SECTOR_BYTES. */
    uint32_t size;
};

/**
 * Carries out one command of the flash store service.
 *
 * @param report room for FLASH_REPORT_BYTES
 * @return bytes of the report, 0 if the command is unknown or its payload too short to answer
 */
size_t flash_bridge_handle(const struct flash_cells *cells, uint16_t command, const uint8_t *payload, size_t length,
                           uint8_t *report);
