// The runtime's bus as the component meets it: a table of services, frames that the device sends to itself, to USB, network
// and wire, and a program that commands services and takes their reports. Functions that other files of the runtime call are
// in other files here, too, so that the linker finds the same references to put the gate at.

#include <stdlib.h>
#include <string.h>

#include "fakes.h"
#include "interfaces/jd_usb.h"

#define MAX_SERVICES 16u
#define QUEUE_BYTES 2048u
#define MAX_FRAMES 64u
#define FRAME_HEADER_BYTES 12u
#define PACKET_HEADER_BYTES 4u
#define ANNOUNCE_EVERY_US 500000
#define CMD_NOT_IMPLEMENTED 3u

struct srv_state {
    SRV_COMMON;
};

static struct {
    const srv_vt_t *vt;
    srv_t *state;
} services[MAX_SERVICES];
static unsigned service_count;

static struct {
    jd_frame_t frame;
    bool from_usb;
} queue[MAX_FRAMES];
static unsigned queued;
static size_t queued_bytes;
static jd_frame_t sending;
static bool handling_usb;
static int64_t next_announcement_us;

int jd_usb_send_frame(void *frame);
int jd_net_send_frame(void *frame);
bool jd_need_to_send(jd_frame_t *frame);
int jd_send_frame(jd_frame_t *frame);
int jd_send_frame_raw(jd_frame_t *frame);
int jd_rx_frame_received(jd_frame_t *frame);

void fake_jacdac_reset(void) {
    for (unsigned i = 0; i < service_count; i++)
        free(services[i].state);
    service_count = 0;
    queued = 0;
    queued_bytes = 0;
    memset(&sending, 0, sizeof sending);
    handling_usb = false;
    next_announcement_us = 0;
}

uint64_t jd_device_id(void) {
    return FAKE_DEVICE_ID;
}

void target_disable_irq(void) {}

void target_enable_irq(void) {}

/** CRC-16-CCITT of all but the crc itself. */
void jd_compute_crc(jd_frame_t *frame) {
    if (frame->size > sizeof frame->data)
        return;
    uint32_t crc = 0xffff;
    for (size_t i = 2; i < FRAME_HEADER_BYTES + frame->size; i++) {
        uint32_t x = crc >> 8 ^ ((const uint8_t *)frame)[i];
        x ^= x >> 4;
        crc = (crc << 8 ^ x << 12 ^ x << 5 ^ x) & 0xffff;
    }
    frame->crc = (uint16_t)crc;
}

// --- services

srv_t *jd_allocate_service(const srv_vt_t *vt) {
    if (service_count == MAX_SERVICES)
        abort();
    srv_t *state = calloc(1, vt->state_size);
    state->vt = vt;
    state->service_index = (uint8_t)service_count;
    services[service_count].vt = vt;
    services[service_count].state = state;
    service_count++;
    return state;
}

int jd_respond_u32(jd_packet_t *pkt, uint32_t value) {
    return jd_send(pkt->service_index, pkt->service_command, &value, sizeof value);
}

int jd_send_not_implemented(jd_packet_t *pkt) {
    fakes.not_implemented++;
    uint16_t payload[] = {pkt->service_command, pkt->crc};
    return jd_send(pkt->service_index, CMD_NOT_IMPLEMENTED, payload, sizeof payload);
}

// --- sending

static void flush(void) {
    if (sending.size == 0)
        return;
    sending.device_identifier = FAKE_DEVICE_ID;
    jd_compute_crc(&sending);
    jd_send_frame(&sending);
    sending.size = 0;
}

int jd_send(unsigned service_num, unsigned service_cmd, const void *data, unsigned service_size) {
    if (fakes.bus_full)
        return -1;
    if (service_size > JD_SERIAL_PAYLOAD_SIZE - PACKET_HEADER_BYTES || service_num >= 64)
        abort();
    if (sending.size + PACKET_HEADER_BYTES + service_size > JD_SERIAL_PAYLOAD_SIZE)
        flush();
    uint8_t *packet = sending.data + sending.size;
    packet[0] = (uint8_t)service_size;
    packet[1] = (uint8_t)service_num;
    packet[2] = (uint8_t)service_cmd;
    packet[3] = (uint8_t)(service_cmd >> 8);
    if (service_size > 0)
        memcpy(packet + PACKET_HEADER_BYTES, data, service_size);
    sending.size = (uint8_t)(sending.size + ((PACKET_HEADER_BYTES + service_size + 3) & ~3u));
    return 0;
}

int jd_send_frame(jd_frame_t *frame) {
    jd_usb_send_frame(frame);
    jd_net_send_frame(frame);
    return jd_send_frame_raw(frame);
}

static void loop_back(jd_frame_t *frame, bool from_usb) {
    size_t bytes = FRAME_HEADER_BYTES + frame->size;
    // The runtime's queue takes no frame without packets: it stops the device.
    if (frame->size == 0)
        abort();
    if (queued == MAX_FRAMES || queued_bytes + bytes > QUEUE_BYTES) {
        fakes.frames_lost++;
        return;
    }
    frame->flags |= JD_FRAME_FLAG_LOOPBACK;
    queue[queued].frame = *frame;
    queue[queued].from_usb = from_usb;
    queued++;
    queued_bytes += bytes;
}

int jd_send_frame_raw(jd_frame_t *frame) {
    if (jd_need_to_send(frame))
        fakes.to_wire++;
    loop_back(frame, handling_usb);
    return 0;
}

void fake_frame_from_usb(jd_frame_t *frame, bool by_the_side_door) {
    if (by_the_side_door)
        loop_back(frame, true);
}

void fake_usb_bytes(const uint8_t *bytes, size_t length) {
    handling_usb = true;
    jd_usb_push(bytes, (unsigned)length);
    handling_usb = false;
}

bool jd_rx_has_frame(void) {
    return queued > 0;
}

int jd_rx_frame_received(jd_frame_t *frame) {
    loop_back(frame, true);
    return 0;
}

// --- handling

static void to_program(const jd_frame_t *frame, const uint8_t *packet, bool from_usb) {
    uint8_t index = packet[1];
    if (from_usb) {
        fakes.intrusions++;
        return;
    }
    if (frame->device_identifier != FAKE_DEVICE_ID || index < FAKE_HCI || index >= service_count)
        return;
    uint16_t command = (uint16_t)(packet[2] | packet[3] << 8);
    if (command == CMD_NOT_IMPLEMENTED)
        return;
    fakes.reports++;
    fakes.last_command = command;
    fakes.last_bytes = packet[0];
    memcpy(fakes.last, packet + PACKET_HEADER_BYTES, packet[0]);
    if (index == FAKE_HCI && command == 0x81 && fakes.events_bytes + packet[0] <= sizeof fakes.events) {
        memcpy(fakes.events + fakes.events_bytes, packet + PACKET_HEADER_BYTES, packet[0]);
        fakes.events_bytes += packet[0];
    }
}

/** In memory of exactly the packet's size: the sanitizers see any byte read beyond. */
static void to_service(unsigned index, const jd_frame_t *frame, const uint8_t *packet, bool from_usb) {
    if (from_usb) {
        if (index == FAKE_CONTROL || index == FAKE_MANAGER)
            fakes.commands_served++;
        else
            fakes.intrusions++;
    }
    jd_packet_t *pkt = malloc(sizeof *pkt + packet[0]);
    memcpy(pkt, frame, FRAME_HEADER_BYTES);
    memcpy(&pkt->service_size, packet, PACKET_HEADER_BYTES + packet[0]);
    pkt->service_index = (uint8_t)index;
    services[index].vt->handle_pkt(services[index].state, pkt);
    free(pkt);
}

static void handle(const jd_frame_t *frame, bool from_usb) {
    for (size_t at = 0; at + PACKET_HEADER_BYTES <= frame->size;) {
        const uint8_t *packet = frame->data + at;
        size_t bytes = PACKET_HEADER_BYTES + packet[0];
        if (at + bytes > frame->size)
            break;
        if ((frame->flags & JD_FRAME_FLAG_COMMAND) == 0)
            to_program(frame, packet, from_usb);
        else if (frame->device_identifier == FAKE_DEVICE_ID && packet[1] < service_count)
            to_service(packet[1], frame, packet, from_usb);
        else if (frame->flags & JD_FRAME_FLAG_BROADCAST) {
            for (unsigned i = 0; i < service_count; i++)
                if (services[i].vt->service_class == (uint32_t)frame->device_identifier)
                    to_service(i, frame, packet, from_usb);
        }
        at += (bytes + 3) & ~(size_t)3;
    }
}

static bool handle_next(void) {
    if (queued == 0)
        return false;
    jd_frame_t frame = queue[0].frame;
    bool from_usb = queue[0].from_usb;
    queued--;
    queued_bytes -= FRAME_HEADER_BYTES + frame.size;
    memmove(queue, queue + 1, queued * sizeof queue[0]);
    handle(&frame, from_usb);
    return true;
}

static void announce(void) {
    if (fakes.now_us < next_announcement_us)
        return;
    next_announcement_us = fakes.now_us + ANNOUNCE_EVERY_US;
    uint32_t classes[MAX_SERVICES] = {0x00010701};
    for (unsigned i = 1; i < service_count; i++)
        classes[i] = services[i].vt->service_class;
    jd_send(FAKE_CONTROL, 0, classes, service_count * 4);
}

void fake_main_loop(void) {
    bool more;
    do {
        more = handle_next();
        announce();
        for (unsigned i = 0; i < service_count; i++)
            services[i].vt->process(services[i].state);
        flush();
    } while (more || queued > 0);
    fakes.now_us += 10000;
}

void fake_program_sends(jd_frame_t *frame) {
    jd_send_frame(frame);
    while (handle_next())
        flush();
}

bool fake_packet(uint32_t service_class, uint16_t command, const void *data, size_t length) {
    for (unsigned i = 0; i < service_count; i++)
        if (services[i].vt->service_class == service_class) {
            jd_frame_t frame = {.flags = JD_FRAME_FLAG_COMMAND, .size = (uint8_t)(PACKET_HEADER_BYTES + length)};
            frame.device_identifier = FAKE_DEVICE_ID;
            frame.data[0] = (uint8_t)length;
            frame.data[1] = (uint8_t)i;
            frame.data[2] = (uint8_t)command;
            frame.data[3] = (uint8_t)(command >> 8);
            if (length > 0)
                memcpy(frame.data + PACKET_HEADER_BYTES, data, length);
            jd_compute_crc(&frame);
            fake_program_sends(&frame);
            return true;
        }
    return false;
}
