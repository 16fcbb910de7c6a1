#include "esp32_partition.h"

#include "esp_partition.h"

#define PARTITION_NAME "chirplog"
/** Subtypes 0x40 to 0xFE of data partitions are the application's own. */
#define PARTITION_SUBTYPE ((esp_partition_subtype_t)0x40)

static int read_cells(void *context, uint32_t offset, uint8_t *out, uint32_t length) {
    return esp_partition_read(context, offset, out, length) == ESP_OK;
}

static int program_cells(void *context, uint32_t offset, const uint8_t *data, uint32_t length) {
    return esp_partition_write(context, offset, data, length) == ESP_OK;
}

static int erase_cells(void *context, uint32_t offset) {
    return esp_partition_erase_range(context, offset, FLASH_SECTOR_BYTES) == ESP_OK;
}

bool esp32_partition_open(struct flash_cells *cells) {
    const esp_partition_t *partition =
        esp_partition_find_first(ESP_PARTITION_TYPE_DATA, PARTITION_SUBTYPE, PARTITION_NAME);
    if (partition == NULL)
        return false;
    cells->read = read_cells;
    cells->program = program_cells;
    cells->erase_sector = erase_cells;
    // The functions above take it as const again.
    cells->context = (void *)(uintptr_t)partition;
    cells->size = partition->size - partition->size % FLASH_SECTOR_BYTES;
    return true;
}
