// Light sleep as ESP-IDF enters it: measures the slow clock first, is refused while a pin that wakes has its level, and corrects
// the time afterwards by what it takes a cycle of the slow clock for.

#include "esp_sleep.h"
#include "fake_machine.h"
#include "soc/rtc.h"

#define REFUSED 0x10b
#define CYCLES 10u

int64_t fake_sleep_ends_us;

esp_err_t esp_light_sleep_start(void) {
    for (unsigned pin = 0; pin < FAKE_PINS; pin++)
        if (fakes.gpio_wakes && fakes.pin_wakes[pin] && fakes.pins[pin] == fakes.wakes_at[pin])
            return REFUSED;
    if (fakes.sleep_refused)
        return REFUSED;
    double asleep_us = (double)(fake_sleep_ends_us - fakes.now_us);
    if (!fakes.crystal) {
        double taken_for = rtc_clk_cal(RTC_CAL_RTC_MUX, CYCLES);
        fakes.clock_error_us += asleep_us * (taken_for / fakes.slow_period - 1);
    }
    fake_books.sleeps++;
    fake_books.asleep_us += fake_sleep_ends_us - fakes.now_us;
    fakes.now_us = fake_sleep_ends_us;
    return ESP_OK;
}
