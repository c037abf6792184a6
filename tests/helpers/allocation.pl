# The draw again, in another language, from the words of n1trial/design/allocation: reads lines of protocol hash, seed,
# arms, blocks, order and forbidden neighbours (before-after, or -), writes the schedule. Lists what Python counts.
use strict; use warnings; use Digest::SHA qw(sha256);
my ($prefix, $counter);
sub word { unpack 'Q>', sha256($prefix . pack 'Q>', $counter++) }
sub below { my $n = shift; my $spare = (~0 % $n + 1) % $n; my $w = word(); $w = word() while $w > ~0 - $spare; $w % $n }
sub shuffled { my @x = @_; for (my $i = $#x; $i > 0; $i--) { my $j = below($i + 1); @x[$i, $j] = @x[$j, $i] } @x }
sub orders { my ($done, @left) = @_; @left ? map { my $x = $_; orders($done . $x, grep { $_ ne $x } @left) } @left : $done }
sub listed { my ($blocks, $bad, @orders) = @_; my @found = grep { !/$bad/ } @orders;
  for (2 .. $blocks) { @found = grep { !/$bad/ } map { my $x = $_; map { "$x $_" } @orders } @found } @found }
while (<STDIN>) {
  my ($hash, $seed, $arms, $blocks, $order, $never) = split;
  ($prefix, $counter) = ('n1trial/allocation/1' . pack('H*', $hash) . pack('H*', $seed), 0);
  my @arms = split //, $arms; my $k = @arms; my @rows;
  my @bad = map { my ($x, $y) = split /-/; "$x ?$y" } $never eq '-' ? () : split /,/, $never;
  push @bad, map { "$_ $_" } @arms if $order eq 'no-repeat';
  if (@bad) { my @all = listed($blocks, join('|', @bad), orders('', @arms)); @rows = $all[below(scalar @all)] }
  elsif ($order eq 'any') { push @rows, join '', shuffled(@arms) for 1 .. $blocks }
  elsif ($order eq 'abba') { for (1 .. $blocks / 2) { my @x = shuffled(@arms); push @rows, join('', @x), join('', reverse @x) } }
  else { for (1 .. $blocks / ($k % 2 ? 2 * $k : $k)) {
    my @zigzag = map { $_ % 2 ? ($_ + 1) / 2 : ($k - $_ / 2) % $k } 0 .. $k - 1;
    my @letters = shuffled(@arms);
    my @square = map { my $s = $_; join '', map { $letters[($_ + $s) % $k] } @zigzag } 0 .. $k - 1;
    push @rows, shuffled(@square); push @rows, shuffled(map { scalar reverse } @square) if $k % 2 } }
  print join(' ', @rows), "\n";
}
