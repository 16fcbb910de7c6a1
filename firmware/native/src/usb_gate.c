#include "usb_gate.h"

#include <string.h>

#include "bytes.h"

// Jacdac protocol, "Frames and packets": the bytes of a packet inside a frame.
#define PACKET_HEADER_BYTES 4u
#define INDEX_AT 1u
#define COMMAND_AT 2u
/** Most bytes of packets in a frame. */
#define FRAME_DATA_BYTES (JD_SERIAL_PAYLOAD_SIZE + 4u)

// Control service (jacdac-spec, control.md).
#define CONTROL_ANNOUNCE 0x00u
#define CONTROL_IDENTIFY 0x81u
#define CONTROL_RESET 0x82u
#define REGISTER_KIND_MASK 0xf000u
#define REGISTER_READ 0x1000u

/** Flags u16, packet count u8, reserved u8; then a class u32 for each service after the control service. */
#define ANNOUNCEMENT_HEADER_BYTES 4u
#define CLASS_BYTES 4u

static uint32_t padded(uint32_t bytes) {
    return (bytes + 3u) & ~3u;
}

static bool admits_control(uint16_t command) {
    return command == CONTROL_ANNOUNCE || command == CONTROL_IDENTIFY || command == CONTROL_RESET ||
           (command & REGISTER_KIND_MASK) == REGISTER_READ;
}

bool usb_gate_admits(const struct usb_gate *gate, const jd_frame_t *frame) {
    if (frame->size < PACKET_HEADER_BYTES || frame->size > FRAME_DATA_BYTES)
        return false;
    uint32_t packet_bytes = PACKET_HEADER_BYTES + frame->data[0];
    // One packet and its padding: where a second one would begin is a matter that readers of frames may disagree on.
    if (packet_bytes > frame->size || padded(packet_bytes) < frame->size)
        return false;
    uint8_t index = frame->data[INDEX_AT];
    uint16_t command = get_u16(frame->data + COMMAND_AT);

    if (frame->flags == (JD_FRAME_FLAG_COMMAND | JD_FRAME_FLAG_BROADCAST))
        return frame->device_identifier == JD_DEVICE_IDENTIFIER_BROADCAST_MARK && command == CONTROL_ANNOUNCE;
    if ((frame->flags & ~JD_FRAME_FLAG_ACK_REQUESTED) != JD_FRAME_FLAG_COMMAND)
        return false;
    if (frame->device_identifier == gate->program_id)
        return true;
    if (frame->device_identifier != gate->device_id)
        return false;
    if (index == JD_SERVICE_INDEX_CONTROL)
        return admits_control(command);
    return index == JD_SERVICE_INDEX_STREAM || index == gate->manager_index;
}

static bool releases_packet(const struct usb_gate *gate, uint8_t index) {
    return index == JD_SERVICE_INDEX_CONTROL || index == JD_SERVICE_INDEX_CRC_ACK ||
           (gate->manager_index != 0 && index == gate->manager_index);
}

/** Hides the services of an announcement but the manager, and cuts the hidden ones at the end off. @return its bytes now */
static uint32_t hide_services(const struct usb_gate *gate, uint8_t *data, uint32_t length) {
    uint32_t shown = length < ANNOUNCEMENT_HEADER_BYTES ? length : ANNOUNCEMENT_HEADER_BYTES;
    for (uint32_t at = ANNOUNCEMENT_HEADER_BYTES; at + CLASS_BYTES <= length; at += CLASS_BYTES) {
        bool is_manager = at / CLASS_BYTES == gate->manager_index && get_u32(data + at) == USB_GATE_MANAGER_CLASS;
        if (is_manager)
            shown = at + CLASS_BYTES;
        else
            put_u32(data + at, USB_GATE_HIDDEN_CLASS);
    }
    return shown;
}

static void append(const uint8_t *packet, jd_frame_t *out) {
    uint32_t end = PACKET_HEADER_BYTES + packet[0];
    uint8_t *copy = out->data + out->size;
    memcpy(copy, packet, end);
    for (uint32_t i = end; i < padded(end); i++)
        copy[i] = 0;
    out->size = (uint8_t)(out->size + padded(end));
}

static void append_announcement(const struct usb_gate *gate, const uint8_t *packet, jd_frame_t *out) {
    uint8_t *copy = out->data + out->size;
    append(packet, out);
    uint32_t shown = hide_services(gate, copy + PACKET_HEADER_BYTES, packet[0]);
    out->size = (uint8_t)(out->size - padded(PACKET_HEADER_BYTES + packet[0]) + padded(PACKET_HEADER_BYTES + shown));
    copy[0] = (uint8_t)shown;
}

bool usb_gate_releases(const struct usb_gate *gate, const jd_frame_t *frame, jd_frame_t *out) {
    if ((frame->flags & ~JD_FRAME_FLAG_LOOPBACK) != 0 || frame->size > FRAME_DATA_BYTES)
        return false;
    bool is_program = frame->device_identifier == gate->program_id;
    if (!is_program && frame->device_identifier != gate->device_id)
        return false;
    out->flags = 0;
    out->device_identifier = frame->device_identifier;
    out->size = 0;
    for (uint32_t at = 0; at + PACKET_HEADER_BYTES <= frame->size;) {
        const uint8_t *packet = frame->data + at;
        uint32_t bytes = PACKET_HEADER_BYTES + packet[0];
        if (at + bytes > frame->size)
            break;
        bool is_announcement =
            packet[INDEX_AT] == JD_SERVICE_INDEX_CONTROL && get_u16(packet + COMMAND_AT) == CONTROL_ANNOUNCE;
        if (!is_program && is_announcement)
            append_announcement(gate, packet, out);
        else if (is_program || releases_packet(gate, packet[INDEX_AT]))
            append(packet, out);
        at += padded(bytes);
    }
    if (out->size == 0)
        return false;
    jd_compute_crc(out);
    return true;
}
