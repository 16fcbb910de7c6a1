// ESP-IDF converts the slow clock's ticks into microseconds after each sleep. For the RC it measures the clock against the main
// crystal before each sleep, over ten of its cycles, 74 us: that resolves 340 ppm, 29 s a day. We measure over 1,024 cycles,
// 7.5 ms, which resolves 3 ppm, and let the result stand for a minute; the RC's drift with temperature is followed so.

#include "slow_clock.h"

#include <stdint.h>

#include "esp_attr.h"
#include "esp_timer.h"
#include "sdkconfig.h"
#include "soc/rtc.h"

#define LONG_CYCLES 1024u
#define STANDS_US 60000000

uint32_t __real_rtc_clk_cal(rtc_cal_sel_t clock, uint32_t cycles);
uint32_t __wrap_rtc_clk_cal(rtc_cal_sel_t clock, uint32_t cycles);

/** Microseconds of a cycle as ESP-IDF has them, 19 binary places; 0 if not measured yet. */
static DRAM_ATTR uint32_t period;
static DRAM_ATTR int64_t measured_at_us;

enum slow_clock slow_clock_source(void) {
    if (rtc_clk_slow_src_get() != SOC_RTC_SLOW_CLK_SRC_XTAL32K)
        return SLOW_CLOCK_RC;
#if CONFIG_RTC_CLK_SRC_EXT_OSC
    return SLOW_CLOCK_OSCILLATOR;
#else
    return SLOW_CLOCK_CRYSTAL;
#endif
}

void slow_clock_start(void) {
    period = 0;
}

static IRAM_ATTR uint32_t calibrate(uint32_t (*measure)(rtc_cal_sel_t, uint32_t), rtc_cal_sel_t clock, uint32_t cycles) {
    if (clock != RTC_CAL_RTC_MUX || cycles >= LONG_CYCLES)
        return measure(clock, cycles);
    int64_t now_us = esp_timer_get_time();
    if (period != 0 && now_us - measured_at_us < STANDS_US)
        return period;
    period = measure(clock, LONG_CYCLES);
    measured_at_us = now_us;
    return period != 0 ? period : measure(clock, cycles);
}

IRAM_ATTR uint32_t __wrap_rtc_clk_cal(rtc_cal_sel_t clock, uint32_t cycles) {
    return calibrate(__real_rtc_clk_cal, clock, cycles);
}

#if CONFIG_IDF_TARGET_ESP32S2
uint32_t __real_rtc_clk_cal_cycling(rtc_cal_sel_t clock, uint32_t cycles);
uint32_t __wrap_rtc_clk_cal_cycling(rtc_cal_sel_t clock, uint32_t cycles);

/** The ESP32-S2 measures its RC in another way before a sleep. */
IRAM_ATTR uint32_t __wrap_rtc_clk_cal_cycling(rtc_cal_sel_t clock, uint32_t cycles) {
    return calibrate(__real_rtc_clk_cal_cycling, clock, cycles);
}
#endif
