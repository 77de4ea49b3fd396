/*
 * The least that a DNS server can do, so that the server is not the limit: answers `d.c.b.a.blN.bench.example` with
 * 127.0.0.2 where bench/lab.ts lists the address, and NXDOMAIN otherwise. Many datagrams a system call.
 *
 *     responder PORT [LOSS]     LOSS: per cent of datagrams thrown away, each way
 *
 * At each SIGUSR1, one pair in ten thousand is answered otherwise than before.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { MANY = 64, SIZE = 512 };
static unsigned char data[MANY][SIZE];

static volatile sig_atomic_t changed;

static void change(int number) { changed = number == SIGUSR1 && !changed; }

static int listed(uint32_t address, uint32_t list) {
  uint32_t pair = (address * 60u + list) * 2654435761u >> 8;
  if (address == 0x7f000002u) return 1;
  if (address >> 24 != 20) return 0;
  return (pair % 100 == 0) != (changed && pair % 10000 == 1);
}

/* The address of the first four labels and the number of the list in the fifth; 0 where they are not there. */
static int question(const unsigned char *at, const unsigned char *end, uint32_t *address, uint32_t *list) {
  *address = *list = 0;
  for (int label = 0; label < 5; label++) {
    int length = *at++;
    uint32_t number = 0;
    if (length == 0 || length > 6 || at + length >= end) return 0;
    for (; length > 0; length--, at++) if (*at >= '0' && *at <= '9') number = number * 10 + (*at - '0');
    if (label < 4) *address |= number << (8 * label);
    else *list = number;
  }
  return 1;
}

/* Turns a query into its reply; gives back its length. */
static int reply(unsigned char *message, int length) {
  static const unsigned char record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 8, 0x34, 0, 4, 127, 0, 0, 2};
  uint32_t address, list;
  int found = question(message + 12, message + length, &address, &list) && listed(address, list);
  message[2] = 0x84;
  message[3] = found ? 0 : 3;
  message[7] = (unsigned char)found;
  if (!found || length + (int)sizeof record > SIZE) return length;
  memcpy(message + length, record, sizeof record);
  return length + (int)sizeof record;
}

int main(int count, char **words) {
  signal(SIGUSR1, change);
  int loss = count > 2 ? atoi(words[2]) : 0;
  int fd = socket(AF_INET, SOCK_DGRAM, 0), room = 8 << 20;
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(count > 1 ? words[1] : "0")),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  if (bind(fd, (struct sockaddr *)&here, sizeof here) != 0) return perror("bind"), 1;
  socklen_t size = sizeof here;
  getsockname(fd, (struct sockaddr *)&here, &size);
  printf("%d\n", ntohs(here.sin_port));
  fflush(stdout);
  static struct sockaddr_in from[MANY];
  static struct iovec parts[MANY];
  static struct mmsghdr in[MANY], out[MANY];
  for (;;) {
    for (int at = 0; at < MANY; at++) {
      parts[at] = (struct iovec){data[at], SIZE};
      in[at].msg_hdr = (struct msghdr){.msg_name = &from[at], .msg_namelen = sizeof from[at], .msg_iov = &parts[at], .msg_iovlen = 1};
    }
    int got = recvmmsg(fd, in, MANY, MSG_WAITFORONE, NULL), ready = 0;
    for (int at = 0; at < got; at++) {
      if (in[at].msg_len < 17 || rand() % 100 < loss || rand() % 100 < loss) continue;
      parts[at].iov_len = (size_t)reply(data[at], (int)in[at].msg_len);
      out[ready++] = in[at];
    }
    for (int sent = 0; sent < ready;) {
      int some = sendmmsg(fd, out + sent, (unsigned)(ready - sent), 0);
      if (some <= 0) break;
      sent += some;
    }
  }
}
